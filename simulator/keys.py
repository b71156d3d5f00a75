"""What the application keeps, by typed key."""

from aiohttp import web

from simulator.world import World

WORLD = web.AppKey("WORLD", World)
