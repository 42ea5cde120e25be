"""The order in which examples are learnt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def shuffled(n_samples: int, seed: int, epoch: int) -> npt.NDArray[np.int32]:
    """The order of examples in an epoch, drawn from seed and epoch alone, (n_samples,).

    So a run can be taken up again in the middle without replaying what came before.
    """
    return np.random.default_rng((seed, epoch)).permutation(n_samples).astype(np.int32)
