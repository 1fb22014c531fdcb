// The ways in which money moves that may be stopped one by one, and why nothing new may begin on one of them. What is
// under way when a rail is stopped comes to its end.

export const RAILS = ['send', 'pay', 'receive'] as const;

/** `send`: inside the house. `pay`: over Lightning. `receive`: new invoices; what is paid on old ones is credited. */
export type Rail = (typeof RAILS)[number];

/** `stopped`: all sending is. `paused`: the rail is. `frozen`: this person's wallet is. */
export type BeginRefusal = 'stopped' | 'paused' | 'frozen';
