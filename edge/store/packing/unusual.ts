/**
 * Thrown for a body that is not what senders usually send: broken, invalid in part, or just rare. It says nothing of
 * what is wrong; the general way finds out. One object without a stack, because strangers can make us throw it.
 */
export const UNUSUAL = Object.freeze({ name: 'Unusual' });
