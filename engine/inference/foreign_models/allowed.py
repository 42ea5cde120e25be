"""What may stand in a foreign model's configuration, name by name: everything else is refused.

Classes that run what somebody wrote (``Lambda``), or load it from elsewhere (``TFSMLayer``,
``JaxLayer``, ``FlaxLayer``, ``TorchModuleWrapper``), are in no list; nor are functions other than
activations, and operations that take a function or make something out of nothing.
"""

from __future__ import annotations

from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


LAYERS: Final = _names(
    """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
    AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add
    AdditiveAttention AlphaDropout Attention Average AveragePooling1D AveragePooling2D
    AveragePooling3D BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate Conv1D
    Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D
    Cropping1D Cropping2D Cropping3D Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot
    Dropout ELU EinsumDense Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D
    GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupQueryAttention HashedCrossing
    Hashing Identity InputLayer IntegerLookup LSTM LSTMCell LayerNormalization LeakyReLU Masking
    MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum MultiHeadAttention
    Multiply Normalization PReLU Permute RMSNormalization RNN RandomBrightness RandomContrast
    RandomCrop RandomFlip RandomRotation RandomTranslation RandomZoom ReLU RepeatVector Rescaling
    Reshape Resizing ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D SimpleRNN
    SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization
    StackedRNNCells StringLookup Subtract TextVectorization TimeDistributed UnitNormalization
    UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
    """
)
"""Of `keras.layers`."""

MODELS: Final = {
    "Functional": "keras.src.models.functional",
    "Sequential": "keras",
    "Model": "keras",
}
"""Classes of whole models, and the module Keras finds each in."""

OPERATIONS: Final = {
    "numpy": _names(
        """
        Abs Absolute Add All Amax Amin Any Argmax Argmin Argsort Average BroadcastTo Ceil Clip
        Concatenate Conj Copy Cos Cosh CountNonzero Cumprod Cumsum Diff Digitize Divide DivideNoNan
        Dot Einsum Equal Exp Exp2 ExpandDims Expm1 Flip Floor FloorDivide GetItem Greater
        GreaterEqual Hstack Imag Inner Isfinite Isinf Isnan Less LessEqual Log Log10 Log1p Log2
        Logaddexp LogicalAnd LogicalNot LogicalOr LogicalXor Matmul Max Maximum Mean Min Minimum Mod
        Moveaxis Multiply NanToNum Negative Nonzero NotEqual OnesLike Outer Pad Power Prod Ravel
        Real Reciprocal Repeat Reshape Roll Round Sign Sin Sinh Sort Split Sqrt Square Squeeze Stack
        Std Subtract Sum Swapaxes Take TakeAlongAxis Tan Tanh Arccos Arccosh Arcsin Arcsinh Arctan
        Arctan2 Arctanh Tensordot Tile Transpose Tril Triu TrueDivide Trunc Var Vstack Where
        ZerosLike FullLike Median Quantile
        """
    ),
    "nn": _names(
        """
        AveragePool BatchNorm Celu Conv ConvTranspose DepthwiseConv DotProductAttention Elu Gelu Glu
        HardShrink HardSigmoid HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid LogSoftmax MaxPool
        Moments MultiHot Normalize OneHot RMSNorm Relu Relu6 Selu SeparableConv Sigmoid Silu
        SoftShrink Softmax Softplus Softsign SparsePlus SparseSigmoid Sparsemax Squareplus
        TanhShrink Threshold
        """
    ),
    "core": _names("Cast SaturateCast Slice StopGradient Unstack"),
    "math": _names(
        "Erf Erfc Erfinv Logsumexp RFFT IRFFT FFT IFFT2 FFT2 STFT Rsqrt TopK SegmentMax "
        "SegmentSum ExtractSequences InTopK"
    ),
    "linalg": frozenset(["Norm"]),
    "image": _names("CropImages PadImages Resize RGBToGrayscale ExtractPatches"),
}
"""Of each part of `keras.ops`, the classes whose result follows from their inputs alone."""

ACTIVATIONS: Final = _names(
    """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu
    linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus
    softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
    """
)

INITIALIZERS: Final = _names(
    """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones
    Orthogonal OrthogonalInitializer RandomNormal RandomUniform STFT STFTInitializer
    IdentityInitializer TruncatedNormal VarianceScaling Zeros
    """
)
REGULARIZERS: Final = _names("L1 L1L2 L2 OrthogonalRegularizer")
CONSTRAINTS: Final = _names("MaxNorm MinMaxNorm NonNeg UnitNorm")
SHORT_NAMES: Final = _names(
    """
    constant glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal lecun_uniform
    ones one orthogonal random_normal random_uniform truncated_normal variance_scaling zeros zero
    uniform normal l1 l2 l1_l2 orthogonal_regularizer max_norm min_max_norm non_neg unit_norm
    """
)
"""Initializers, regularizers and constraints as they are written where a layer has none of its
own settings for them."""
POLICIES: Final = frozenset(["DTypePolicy", "FloatDTypePolicy"])
DTYPES: Final = _names(
    """
    bool int8 int16 int32 int64 uint8 uint16 uint32 float16 float32 float64 bfloat16 string
    mixed_float16 mixed_bfloat16
    """
)
VALUES: Final = frozenset(
    ["__keras_tensor__", "__numpy__", "__tensor__", "__ellipsis__", "__slice__"]
)
"""Plain values that JSON has no word for."""
