"""The guide's own words, by language: what stands around the texts of its pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QLocale

from gui.state.settings import Settings

LANGUAGE_SETTING: Final = "guide/language"

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "parameters": "What each parameter does",
        "no_parameters": "This architecture has nothing to set.",
        "now": "now {value}",
        "usual": "usual {value}",
        "now_usual": "{value}, as usual",
        "automatic": "automatic",
        "list": ", ",
        "yes": "on",
        "no": "off",
        "training": (
            "Usually trained with {optimizer}, a learning rate of {rate}, {epochs} epochs and "
            "batches of {batch}. Such settings can be changed under Training."
        ),
        "problems": "If training goes wrong",
        "here": "Set it here: {links}",
        "on_data_page": "On the Data page: {links}",
        "absent": "{model} has no such setting. Others do: {links}",
        "absent_here": "No architecture for this data has it; for other data: {links}",
        "not_here": "It means nothing for this data.",
        "built_in": "{model} has this by nature.",
        "layers": "Add, change or remove layers",
        "choose": "Choose from the list of architectures",
        "augmentation": "Augmentation",
    },
    "zh_CN": {
        "parameters": "各参数的作用",
        "no_parameters": "这种架构没有可调的参数。",
        "now": "当前 {value}",
        "usual": "默认 {value}",
        "now_usual": "当前 {value}（默认）",
        "automatic": "自动",
        "list": "、",
        "yes": "开",
        "no": "关",
        "training": (
            "通常的训练设置：优化器 {optimizer}，学习率 {rate}，{epochs} 轮，"
            "每批 {batch} 个样本。可在“Training”一栏中更改。"
        ),
        "problems": "训练出问题时",
        "here": "在此设置：{links}",
        "on_data_page": "在“Data”页上：{links}",
        "absent": "“{model}”没有这一设置。具备它的架构：{links}",
        "absent_here": "适合当前数据的架构都不具备；用于其他数据的架构：{links}",
        "not_here": "对当前数据没有意义。",
        "built_in": "“{model}”本身就具备这一点。",
        "layers": "添加、更改或删除层",
        "choose": "从架构列表中选择",
        "augmentation": "数据增强",
    },
}


def say(language: str, name: str, **values: object) -> str:
    """Returns a text of the guide in a language.

    Raises:
        KeyError: There is no such text.
    """
    return WORDS[language][name].format(**values)


def chosen_language(settings: Settings) -> str:
    """The language that was picked, or that of the system where the guide knows it."""
    spoken = QLocale.system().language()
    own = "zh_CN" if spoken is QLocale.Language.Chinese else "en"
    chosen = settings.get(LANGUAGE_SETTING, own)
    return chosen if chosen in WORDS else own
