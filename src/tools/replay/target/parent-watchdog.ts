/**
 * Loaded into every process that a replay starts: ends it when the replay's process is gone, for whatever reason. The
 * replay's exit handlers don't run after a crash or a SIGKILL, but the channel between the two always closes.
 */

const end = (): never => process.exit(1);

if (process.connected) process.once('disconnect', end);
else end();
