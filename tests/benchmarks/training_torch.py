"""The models in PyTorch, in the plainest eager loop there is: no metrics, no loader."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional


class _Last(nn.Module):
    """A recurrent layer over embedded tokens; its last output."""

    def __init__(self, layer: type[nn.LSTM | nn.GRU]) -> None:
        super().__init__()
        self.embedding, self.layer = nn.Embedding(100, 64), layer(64, 64, batch_first=True)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.layer(self.embedding(tokens))[0][:, -1]


class _Attention(nn.Module):
    """Eight heads of size 64, as Keras's layer has them, and the mean over tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(100, 64)
        self.project, self.output = nn.Linear(64, 3 * 512), nn.Linear(512, 64)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        n, time_, _ = (embedded := self.embedding(tokens)).shape
        parts = self.project(embedded).view(n, time_, 3, 8, 64).permute(2, 0, 3, 1, 4)
        heads = functional.scaled_dot_product_attention(*parts)
        return self.output(heads.transpose(1, 2).reshape(n, time_, 512)).mean(1)


def _model(name: str) -> nn.Module:
    if name in ("linear", "logistic"):
        return nn.Linear(1, 1)
    if name == "cnn":
        return nn.Sequential(
            nn.Conv2d(1, 32, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(1600, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        )
    recurrent = {"lstm": nn.LSTM, "gru": nn.GRU}
    first = _Last(recurrent[name]) if name in recurrent else _Attention()
    return nn.Sequential(first, nn.Linear(64, 10))


class Torch:
    """Plain eager training of one of them."""

    def __init__(self, name: str, x: np.ndarray, y: np.ndarray, batch_size: int) -> None:
        torch.manual_seed(0)
        self._model, self._batch_size = _model(name), batch_size
        parameters = self._model.parameters()
        if name in ("linear", "logistic"):
            self._optimizer: torch.optim.Optimizer = torch.optim.SGD(parameters, 0.01)
            y = y.astype(np.float32)[:, np.newaxis]
            self._loss = nn.MSELoss() if name == "linear" else nn.BCEWithLogitsLoss()
        else:
            self._optimizer = torch.optim.Adam(parameters)
            self._loss = nn.CrossEntropyLoss()
        if name == "cnn":
            x = x.transpose(0, 3, 1, 2)
        self._x, self._y = torch.from_numpy(x.copy()), torch.from_numpy(y)

    def epoch(self) -> float:
        started = time.perf_counter()
        total = torch.zeros(())
        for rows in torch.randperm(len(self._x)).split(self._batch_size):
            self._optimizer.zero_grad()
            loss = self._loss(self._model(self._x[rows]), self._y[rows])
            loss.backward()
            self._optimizer.step()
            total += loss.detach()
        total.item()
        return time.perf_counter() - started
