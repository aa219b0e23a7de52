"""What remains of a run: its folder and database, resume, the cache of model calls, exports."""
