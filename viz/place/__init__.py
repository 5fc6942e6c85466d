"""Where everything stands on the page: boxes, wires, names, legend, sheets; and the check of a strict reader."""
