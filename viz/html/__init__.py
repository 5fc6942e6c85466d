"""Write a drawing, or the steps of a run, as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

from viz.html.picture import page
from viz.html.player import player, player_page

__all__ = ["page", "player", "player_page"]
