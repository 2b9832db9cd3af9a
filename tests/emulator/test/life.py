"""A server's life on the emulator with Debian's python3-hcloud; prints a word for each part."""

import os

from hcloud import APIException, Client
from hcloud.images.domain import Image
from hcloud.locations.domain import Location
from hcloud.server_types.domain import ServerType

endpoint = os.environ["HCLOUD_ENDPOINT"]
client = Client(os.environ["HCLOUD_TOKEN"], api_endpoint=endpoint, poll_interval=0.05)

key = client.ssh_keys.create("python", os.environ["PUBLIC_KEY"])
made = client.servers.create(
    "python-1",
    ServerType(name="cx23"),
    Image(name="debian-12"),
    ssh_keys=[key],
    location=Location(name="hel1"),
    labels={"by": "python"},
)
made.action.wait_until_finished()
for action in made.next_actions:
    action.wait_until_finished()
server = client.servers.get_by_name("python-1")
assert server.status == "running", server.status
assert made.root_password is None
assert [found.id for found in client.servers.get_all(label_selector="by==python")] == [server.id]
assert len(client.server_types.get_all()) > 20
print("created", end=" ")

server.power_off().wait_until_finished()
assert client.servers.get_by_id(server.id).status == "off"
server.power_on().wait_until_finished()
server.reboot().wait_until_finished()
assert client.servers.get_by_id(server.id).status == "running"
print("powered", end=" ")

server.rebuild(Image(name="debian-12")).wait_until_finished()
server.update(name="python-2", labels={})
assert client.servers.get_by_name("python-2").labels == {}
print("rebuilt", end=" ")

server.delete().wait_until_finished()
try:
    client.servers.get_by_id(server.id)
except APIException as error:
    assert error.code == "not_found", error.code
else:
    raise AssertionError("the server is still there")
key.delete()
print("deleted")
