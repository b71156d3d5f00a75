"""How Chinese is spelled in pinyin, without the library's dictionary of phrases.

That dictionary takes 45 MB of every process for words of which the names of places hold a handful; those
stand here.
"""

import os

os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")  # The library reads it once, when it is imported.

from pypinyin import Style, lazy_pinyin, load_phrases_dict

SPOKEN_OTHERWISE = {
    "重温": "chong wen", "重阳": "chong yang", "重建": "chong jian", "重走": "chong zou",
    "行业": "hang ye", "银行": "yin hang", "商行": "shang hang", "同行": "tong hang",
    "长廊": "chang lang", "长征": "chang zheng", "长城": "chang cheng", "长江": "chang jiang",
    "长安": "chang an", "长河": "chang he", "长期": "chang qi", "长效": "chang xiao", "长寿": "chang shou",
    "音乐": "yin yue", "乐器": "yue qi", "民乐": "min yue", "会计": "kuai ji",
    "调解": "tiao jie", "调研": "diao yan", "角色": "jue se", "便民": "bian min",
    "朝阳": "chao yang", "盛大": "sheng da", "兴盛": "xing sheng", "种植": "zhong zhi", "供销": "gong xiao",
}  # fmt: skip
"""Words whose reading isn't put together from the commonest readings of their characters."""

load_phrases_dict({word: [[one] for one in read.split()] for word, read in SPOKEN_OTHERWISE.items()})

__all__ = ["Style", "lazy_pinyin"]
