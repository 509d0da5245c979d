"""The tour shows every picture that is drawn, and no other."""

import re

from tests.screenshots import FOLDER, PICTURES, picture_path


def test_the_tour_shows_every_picture() -> None:
    shown = re.findall(r"\(screenshots/([\w.-]+\.png)\)", (FOLDER.parent / "tour.md").read_text())
    drawn = sorted(picture_path(*picture).name for picture in PICTURES)
    assert sorted(shown) == drawn == sorted(path.name for path in FOLDER.iterdir())
