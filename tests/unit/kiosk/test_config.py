"""What the configuration accepts, and that a mistake names its line."""

from pathlib import Path

import pytest

from kiosk import config
from services.configuration import ConfigError

GOOD = """\
[point]
id = "qingshan-01"
name = "青山村便民服务点"
county = "example"
supervision_phone = "023-00000000"
verify_url = "https://county.example"

[paths]
data = "data"
keys = "keys"

[fingerprint]
driver = "ef01"
port = "/dev/kiosk-fingerprint"

[receipt_printer]
driver = "escpos"
url = "tcp://127.0.0.1:9100"

[mqtt]
host = "127.0.0.1"
port = 1883
ca_file = "ca.pem"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.toml"


def _complaints(file: Path, text: str) -> list[str]:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    return str(caught.value).splitlines()


def test_relative_paths_count_from_the_folder_of_the_file(file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8")
    loaded = config.load(file)
    assert loaded.paths.data == file.parent / "data"
    assert loaded.paths.keys == file.parent / "keys"
    assert loaded.mqtt.ca_file == file.parent / "ca.pem"
    assert loaded.mqtt.password_file is None


def test_a_driver_gets_its_own_options(file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8")
    assert config.load(file).fingerprint.options == {"port": "/dev/kiosk-fingerprint"}


def test_an_unknown_key_is_named_with_its_line(file: Path) -> None:
    (complaint,) = _complaints(file, GOOD.replace("[paths]\n", '[paths]\nvideo = "x"\n'))
    assert complaint == f"{file}:9: paths.video: unknown key"


def test_a_bad_value_is_named_with_its_line(file: Path) -> None:
    (complaint,) = _complaints(file, GOOD.replace("port = 1883", "port = 99999"))
    assert complaint.startswith(f"{file}:22: mqtt.port: ")


def test_a_missing_key_is_named_with_the_line_of_its_table(file: Path) -> None:
    (complaint,) = _complaints(file, GOOD.replace('host = "127.0.0.1"\n', ""))
    assert complaint.startswith(f"{file}:20: mqtt.host: ")


def test_every_mistake_is_named_at_once(file: Path) -> None:
    text = GOOD.replace("port = 1883", "port = 0").replace('county = "example"', 'county = "Ex/ample"')
    assert len(_complaints(file, text)) == 2


def test_text_that_is_not_toml_is_refused_with_the_place(file: Path) -> None:
    (complaint,) = _complaints(file, "[point\n")
    assert str(file) in complaint
    assert "line 1" in complaint


def test_a_missing_file_is_a_clear_error(file: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        config.load(file)


@pytest.mark.parametrize("keys", ["data", "data/keys"])
def test_keys_must_not_lie_with_the_data_they_lock(file: Path, keys: str) -> None:
    (complaint,) = _complaints(file, GOOD.replace('keys = "keys"', f'keys = "{keys}"'))
    assert "keys must not lie with the data" in complaint
