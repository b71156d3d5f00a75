"""Typed keys of what the application and its requests carry."""

from aiohttp import web

from handlers.context import Context

CONTEXT = web.AppKey("CONTEXT", Context)
ROUTE = web.RequestKey("ROUTE", str)
"""The path as it stands in the table: logs and metrics name routes, never what was asked for."""
