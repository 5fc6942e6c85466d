"""A run as a story: frames in one frozen layout, and the films and slides that are made of them."""
