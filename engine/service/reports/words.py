"""Words of a report: English as it stands in the code, Chinese from here.

What the engine said, long before perhaps, has its Chinese in `engine.spec.sentences`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from engine.spec.sentences import translate

LANGUAGES: Final = ("en", "zh_CN")

_CHINESE: Final = {
    "Report of a run": "运行报告",
    "Comparison of {n} runs": "{n} 次运行的比较",
    "Made on {date} with Descent {version}.": "由 Descent {version} 于 {date} 生成。",
    "Comparison": "比较",
    "Run": "运行",
    "Question": "问题",
    "Verdict": "结论",
    "Data": "数据",
    "Problems of the data": "数据中的问题",
    "Division": "数据划分",
    "Model": "模型",
    "Layers": "网络层",
    "Formula": "公式",
    "Training": "训练",
    "Curves": "曲线",
    "Changes on the way": "训练中的改动",
    "Results": "结果",
    "Simple models": "简单模型",
    "Classes": "类别",
    "Where it is worse": "表现较差的分组",
    "What the model looks at": "模型关注什么",
    "Settings": "设置",
    "This report is made with": "本报告的生成环境",
    "Trained with": "训练环境",
    "It was not kept on what this run was trained.": "未保存本次运行的训练环境。",
    "It was not kept on what the first {n} epochs were trained.": "未保存前 {n} 轮的训练环境。",
    "from epoch {n}": "自第 {n} 轮起",
    "processor": "处理器",
    "graphics": "图形处理器",
    "Examples, explained": "样本及其解释",
    "Orange speaks for what is explained, blue against it.": "橙色支持所解释的结果，蓝色反对。",
    "Orange makes the number larger, blue smaller.": "橙色使数值变大，蓝色使数值变小。",
    "The model says: {said}.": "模型的回答：{said}。",
    "True: {truth}.": "真实：{truth}。",
    "Explained: {what}, {value}.": "所解释的是：{what}，{value}。",
    "percentage points": "百分点",
    "{n} other columns": "其他 {n} 列",
    "No part of it makes a difference.": "没有任何部分影响结果。",
    "By: {method}.": "方法：{method}。",
    "Compared with {what}.": "与{what}比较。",
    "From {base} for {what}, all parts together add {sum}.": (
        "以{what}的 {base} 为起点，各部分合计 {sum}。"
    ),
    "Right, and surest of it": "正确，且最有把握",
    "Wrong, and farthest from the truth": "错误，且偏离最远",
    "Closest to the truth": "最接近真实值",
    "Farthest from the truth": "偏离真实值最远",
    "Typical": "典型",
    "The most usual": "最正常",
    "Nearest to the threshold": "最接近阈值",
    "The most unusual": "最异常",
    "What is not known": "未能得知的内容",
    "Intended use and limits": "用途与局限",
    "Good": "良好",
    "Note": "提示",
    "Warning": "警告",
    "Fault": "错误",
    "Predict '{target}' from {inputs}.": "由{inputs}预测“{target}”。",
    "Find what is unusual among {inputs}.": "在{inputs}中找出异常。",
    "{n} columns of a table": "表格的 {n} 列",
    "pictures": "图像",
    "texts": "文本",
    "sounds": "声音",
    "videos": "视频",
    "series of {n} channels": "{n} 个通道的序列",
    "It is a task of {task}.": "任务类型：{task}。",
    "classification": "分类",
    "multilabel": "多标签分类",
    "regression": "回归",
    "forecasting": "预测未来值",
    "translation": "翻译",
    "transcription": "转写",
    "control": "控制",
    "anomaly": "异常检测",
    "source": "来源",
    "examples": "样本数",
    "target": "目标",
    "fingerprint (SHA-256)": "指纹（SHA-256）",
    "The data is no longer what the run was trained on.": "数据已与训练时不同。",
    "column": "列",
    "type": "类型",
    "missing": "缺失",
    "different": "不同值",
    "range or most frequent": "范围或最常见的值",
    "{low} to {high}, mean {mean}": "{low} 至 {high}，均值 {mean}",
    "not used": "未使用",
    ". ": "。",
    ", ": "，",
    "{n} more are not shown.": "另有 {n} 项未列出。",
    "Nothing was found to be wrong with the data.": "未发现数据有问题。",
    "part": "部分",
    "share": "比例",
    "training": "训练",
    "validation": "验证",
    "test": "测试",
    "train": "训练",
    "The parts were divided {how}. The seed is {seed}.": "划分方式：{how}。随机种子：{seed}。",
    "architecture": "架构",
    "weights": "权重数",
    "that are trained": "其中可训练",
    "multiply-adds for an example": "每个样本的乘加次数",
    "layer": "层",
    "settings": "设置",
    "output": "输出",
    "inputs": "输入",
    "state": "状态",
    "finished": "已完成",
    "stopped": "已停止",
    "failed": "失败",
    "interrupted": "已中断",
    "begun": "开始",
    "epochs": "轮数",
    "{done} of {planned}": "{done} / {planned}",
    "best epoch": "最佳轮次",
    "duration": "用时",
    "device": "设备",
    "execution": "执行方式",
    "epoch": "轮次",
    "The dashed line marks the best epoch.": "虚线标出最佳轮次。",
    "before": "之前",
    "after": "之后",
    "reason": "原因",
    "setting": "设置",
    "metric": "指标",
    "value": "数值",
    "95 % interval": "95 % 区间",
    "by": "方法",
    "{low} to {high}": "{low} 至 {high}",
    "On {n} examples of the {part} part.": "基于{part}部分的 {n} 个样本。",
    "model": "模型",
    "this model": "本模型",
    "better": "更好",
    "worse": "更差",
    "not told apart": "无法区分",
    "not compared": "未比较",
    "than this model": "与本模型相比",
    "The lines are 95 % intervals.": "横线为 95 % 区间。",
    "class": "类别",
    "precision": "精确率",
    "recall": "召回率",
    "true class": "真实类别",
    "predicted class": "预测类别",
    "Each row is a true class; the darker, the larger its share.": (
        "每行为一个真实类别；颜色越深，占比越大。"
    ),
    "true value": "真实值",
    "predicted value": "预测值",
    "On the dashed line, both are the same.": "虚线上两者相等。",
    "true text": "真实文本",
    "predicted text": "预测文本",
    "group": "分组",
    "elsewhere": "其余样本",
    "{n} groups were looked at; in none the model is surely worse than elsewhere.": (
        "检查了 {n} 个分组；没有一个分组确定比其余样本差。"
    ),
    "{n} groups were looked at; in these it is surely worse.": (
        "检查了 {n} 个分组；在下列分组中确定较差。"
    ),
    "How much {metric} is lost where a column is shuffled, with 95 % intervals.": (
        "打乱某一列后 {metric} 的损失，附 95 % 区间。"
    ),
    "system": "系统",
    "cores": "处理器核心",
    "memory": "内存",
    "run": "运行",
    "name": "名称",
    "data": "数据",
    "note": "备注",
    "difference to the first": "与第一个的差",
    "on {n} examples that both were tested with": "基于两者共有的 {n} 个测试样本",
    "The parts that these runs are judged by may be of different examples.": (
        "这些运行所依据的样本可能不同。"
    ),
    "Which is better?": "哪一个更好？",
    "Settings that differ": "不同的设置",
    "f1 score": "F1 值",
    "validation loss": "验证损失",
    "It was made to answer the question above for data like that described here.": (
        "它用于对与此处所述相似的数据回答上述问题。"
    ),
    "For other data its numbers do not hold.": "对其他数据，这些数字不成立。",
    "The data itself is not part of this file.": "本文件不含数据本身。",
    "Of the data itself, {n} examples are part of this file.": "本文件含有数据中的 {n} 个样本。",
}


class Words:
    """Says what a report says, in a language.

    Args:
        language: One of `LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._known = _CHINESE if language == "zh_CN" else {}

    def __call__(self, text: str, **values: object) -> str:
        """A text in the language; its gaps are filled as by `str.format`."""
        said = self._known.get(text, text)
        return said.format(**values) if values else said

    def together(self, *sentences: str) -> str:
        """Sentences one after another; Chinese has no blank between them."""
        return ("" if self._known else " ").join(filter(None, sentences))

    def sentence(self, text: str, names: Collection[str] = ()) -> str:
        """What the engine said in English: a verdict, a finding of data, why a run ended.

        Args:
            text: As it was kept.
            names: Names from the data, which stay as they are.
        """
        return translate(text, self.language, names)
