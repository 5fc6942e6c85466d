"""Tools for teaching: quiz sheets with keys and marking, and wrong ways beside the right one."""
