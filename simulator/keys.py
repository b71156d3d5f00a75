"""What the application keeps, by typed key."""

import asyncio
from pathlib import Path

from aiohttp import web

from simulator.world import World

WORLD = web.AppKey("WORLD", World)
STATE_FILE = web.AppKey("STATE_FILE", Path)
STOPPING = web.AppKey("STOPPING", asyncio.Event)
