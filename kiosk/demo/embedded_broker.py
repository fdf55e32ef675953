"""An MQTT 3.1.1 broker in Python (amqtt), for the demonstration where mosquitto is not installed.

Keeps nothing on disk and asks nobody for a password; it listens on the loopback interface alone.
"""

import argparse
import asyncio
import json
import signal

from amqtt.broker import Broker


async def _serve(port: int) -> None:
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await broker.start()
    print(json.dumps({"broker": "amqtt", "port": port}), flush=True)
    await stopping.wait()
    await broker.shutdown()


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
