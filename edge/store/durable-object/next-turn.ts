/**
 * A function whose promise resolves for all who called it by the next turn of the event loop, in that turn. An object commits
 * what it wrote at the end of a turn, so what they write without waiting is one commit for all of them.
 */
export function createNextTurn(): () => Promise<void> {
  let turn: Promise<void> | undefined;
  return () => {
    turn ??= new Promise((resolve) => {
      setTimeout(() => {
        turn = undefined;
        resolve();
      });
    });
    return turn;
  };
}
