"""The texts of party rules, article by article, word for word."""

from tortoise import fields
from tortoise.models import Model


class Regulation(Model):
    """One imported rule. `short` is the name under which answers cite it.

    `issued` is a date as far as it is known, else empty. `version` grows with every import that
    changed something; `fingerprint` names the content of the last one.
    """

    id = fields.IntField(primary_key=True)
    short = fields.CharField(max_length=40, unique=True)
    title = fields.CharField(max_length=120)
    issuer = fields.CharField(max_length=60, default="")
    issued = fields.CharField(max_length=20, default="")
    status = fields.CharField(max_length=10)
    replaced_by = fields.CharField(max_length=40, default="")
    preamble = fields.TextField(default="")
    version = fields.IntField(default=1)
    fingerprint = fields.CharField(max_length=64)
    imported_at = fields.DatetimeField()

    articles: fields.ReverseRelation["Article"]

    class Meta:
        table = "regulations"


class Article(Model):
    """One article: its number, the chapter it stands in, and its paragraphs with a line break between."""

    id = fields.IntField(primary_key=True)
    regulation: fields.ForeignKeyRelation[Regulation] = fields.ForeignKeyField(
        "models.Regulation", related_name="articles"
    )
    regulation_id: int
    number = fields.IntField()
    chapter = fields.CharField(max_length=120, default="")
    text = fields.TextField()

    class Meta:
        table = "articles"
        unique_together = (("regulation", "number"),)
