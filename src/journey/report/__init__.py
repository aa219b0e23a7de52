"""What a run amounts to: figures as JSON, a Markdown text, one self-contained HTML page, pictures, a terminal table."""
