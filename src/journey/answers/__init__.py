"""The final answer of a text: found, and compared with the problem's."""
