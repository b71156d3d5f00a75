"""The API's description as a page to read: plain HTML, nothing loaded from elsewhere."""

from collections.abc import Iterable
from html import escape
from typing import Any

from miniprogram_api.answers import DOOR, STATUS

STYLE = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; --red: #b3261e }
body { font: 16px/1.7 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif }
body { margin: 0 auto; max-width: 62rem; padding: 1rem }
h1 { color: var(--red) } h2 { border-bottom: 2px solid var(--red); margin-top: 2.5rem }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: .5rem 1rem }
summary { cursor: pointer } summary b { display: inline-block; min-width: 4.5rem }
code { background: var(--soft); border-radius: .25rem; overflow-wrap: anywhere; padding: .1rem .3rem }
.table { overflow-x: auto } table { border-collapse: collapse; width: 100% }
td, th { border: 1px solid var(--line); padding: .25rem .6rem; text-align: left; vertical-align: top }
"""
DUTIES = {
    "stranger": "未登录也可",
    "unbound": "已登录",
    "member": "党员",
    "branch_worker": "支部工作者",
    "site_keeper": "阵地管理员",
    "town_officer": "镇街管理员",
    "district_officer": "区级管理员",
}


def page(document: dict[str, Any]) -> str:
    """The whole page for an OpenAPI document."""
    paths = document["paths"].items()
    operations = "".join(
        _operation(path, method, one) for path, item in paths for method, one in item.items()
    )
    schemas = "".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items())
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>支部通接口说明</title><style>{STYLE}</style></head><body>"
        f"<h1>支部通接口说明</h1><p>{escape(document['info']['description'])}</p>"
        "<p>登录后在请求头带上 <code>Authorization: Bearer …</code>。"
        '机器可读的说明：<a href="/api/openapi.json">/api/openapi.json</a>（OpenAPI 3.1）。</p>'
        f"<h2>接口</h2>{operations}<h2>数据</h2>{schemas}<h2>失败代码</h2>{_codes()}</body></html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    may = operation["x-may"]
    weakest = [duty for duty in ("stranger", "unbound") if duty in may][:1]
    who = "、".join(DUTIES[duty] for duty in weakest or (duty for duty in DUTIES if duty in may))
    rows = [
        (
            f"<code>{escape(one['name'])}</code>",
            escape(_kind(one["schema"])),
            escape(one["schema"].get("description", one.get("description", ""))),
        )
        for one in operation["parameters"]
    ]
    body = operation.get("requestBody")
    sent = "".join(f"<p>请求：{_body(*one)}</p>" for one in body["content"].items()) if body else ""
    answers = [(status, _answer(answer)) for status, answer in operation["responses"].items()]
    path, summary = escape(path), escape(operation["summary"])
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{path}</code> {summary}</summary>"
        f"<p>谁可以用：{who}</p>{_table(('参数', '类型', '说明'), rows)}{sent}"
        f"{_table(('状态', '答复'), answers)}</details>"
    )


def _answer(answer: dict[str, Any]) -> str:
    for media, content in answer.get("content", {}).items():
        if media == "application/problem+json":
            codes = answer["description"].split("、")
            return "、".join(f'<a href="#{code}"><code>{code}</code></a>' for code in codes)
        return f"<code>{escape(media)}</code> {_reference(content['schema'])}"
    return escape(answer["description"])


def _schema(name: str, schema: dict[str, Any]) -> str:
    required = schema.get("required", [])
    rows = [
        (
            f"<code>{escape(field)}</code>{'' if field in required else '（可不填）'}",
            _reference(one) if "$ref" in one else escape(_kind(one)),
            escape(one.get("description", "")),
        )
        for field, one in schema.get("properties", {}).items()
    ]
    values = "、".join(f"<code>{escape(str(value))}</code>" for value in schema.get("enum", []))
    table = _table(("字段", "类型", "说明"), rows)
    return f'<details id="{escape(name)}"><summary><b>{escape(name)}</b></summary>{values}{table}</details>'


def _body(media: str, content: dict[str, Any]) -> str:
    return _reference(content["schema"]) if media == "application/json" else f"文件（{escape(media)}）"


def _codes() -> str:
    every = {refusal.code: no for refusal, no in STATUS.items()} | DOOR
    rows = [
        (f'<code id="{code}">{code}</code>', str(no.status), escape(no.detail))
        for code, no in sorted(every.items(), key=lambda item: (item[1].status, item[0]))
    ]
    return _table(("代码", "状态", "说明"), rows)


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_kind(choice) for choice in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_kind(schema['items'])}]"
    kind = str(schema.get("format") or schema.get("type", "any"))
    return "|".join(map(str, schema["enum"])) if "enum" in schema else kind


def _reference(schema: dict[str, Any]) -> str:
    name = _kind(schema)
    return f'<a href="#{escape(name)}">{escape(name)}</a>' if "$ref" in schema else escape(name)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    return f'<div class="table"><table><tr>{head}</tr>{lines}</table></div>' if lines else ""
