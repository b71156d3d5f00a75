"""Runs the simulator: `python -m simulator`."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import yaml
from aiohttp import web

from settings import Settings
from simulator.app import create_app

PEOPLE = Path(__file__).parents[1] / "content" / "demo" / "people.yaml"
DEFAULT_PORT = "8081"
PATIENCE = 2.0


async def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until told to stop."""
    people = yaml.safe_load(PEOPLE.read_text(encoding="utf-8"))
    app = create_app(settings, people, settings.data_dir / "simulator.json")
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=PATIENCE)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
        sys.stdout.write(f"微信模拟器已就绪：http://{host}:{port}/\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    """Settings from the environment alone; the port from SIMULATOR_PORT."""
    settings = Settings(_env_file=None)
    logging.basicConfig(level=settings.log_level)
    host = os.environ.get("SIMULATOR_HOST", "127.0.0.1")
    port = int(os.environ.get("SIMULATOR_PORT", DEFAULT_PORT))
    asyncio.run(serve(settings, host=host, port=port))


if __name__ == "__main__":
    main()
