/**
 * Loaded into every process that a replay starts: ends it when the replay's process is gone, however that went.
 * Exit handlers over there don't run after a crash or a SIGKILL; the channel between the two closes always.
 */

const end = (): never => process.exit(1);

if (process.connected) process.once('disconnect', end);
else end();
