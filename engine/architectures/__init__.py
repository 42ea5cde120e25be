"""The architectures people can pick; one file a family, one line here each."""

from engine.architectures.applications import KerasApplication
from engine.architectures.attention import SelfAttention, TransformerEncoder
from engine.architectures.audio import SoundCnn, SoundTranscriber
from engine.architectures.autoencoder import Autoencoder
from engine.architectures.base import Architecture
from engine.architectures.cnn import ConvolutionalNetwork
from engine.architectures.custom import Custom
from engine.architectures.guarded import GuardedArchitecture
from engine.architectures.linear import LinearRegression, LogisticRegression
from engine.architectures.mlp import MultilayerPerceptron
from engine.architectures.policy import PolicyNetwork
from engine.architectures.recurrent import Gru, Lstm, PlainRnn
from engine.architectures.resnet import ResidualNetwork
from engine.architectures.series import SeriesNetwork
from engine.architectures.series_hybrid import SeriesHybrid
from engine.architectures.series_linear import SeriesLinear
from engine.architectures.series_sequence import SeriesRnn, SeriesTransformer
from engine.architectures.sound_rnn import SoundRnn
from engine.architectures.table_ensemble import TableEnsemble
from engine.architectures.table_prototypes import TablePrototypes
from engine.architectures.text import TextCnn
from engine.architectures.text_ngrams import TextNGrams
from engine.architectures.transformer_translator import TransformerTranslator
from engine.architectures.translation import Translator
from engine.architectures.video import VideoNetwork, VideoRecurrentNetwork
from engine.spec.plugins.loading import OtherPackages
from engine.spec.plugins.record import Group
from engine.spec.registry import Registry

ARCHITECTURES: Registry[Architecture] = Registry(
    "model",
    [
        LinearRegression(),
        LogisticRegression(),
        MultilayerPerceptron(),
        TableEnsemble(),
        ConvolutionalNetwork(),
        ResidualNetwork(),
        KerasApplication(),
        TextNGrams(),
        TextCnn(),
        Lstm(),
        Gru(),
        PlainRnn(),
        SelfAttention(),
        TransformerEncoder(),
        Translator(),
        TransformerTranslator(),
        SoundCnn(),
        SoundRnn(),
        SoundTranscriber(),
        VideoNetwork(),
        VideoRecurrentNetwork(),
        SeriesLinear(),
        SeriesHybrid(),
        SeriesNetwork(),
        SeriesRnn(),
        SeriesTransformer(),
        TablePrototypes(),
        Autoencoder(),
        PolicyNetwork(),
        Custom(),
    ],
    OtherPackages(Group.ARCHITECTURES, Architecture, GuardedArchitecture),
)
