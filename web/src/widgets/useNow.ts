import { useEffect, useState } from 'react';

/** The time in epoch milliseconds, renewed while `ticking`. */
export function useNow(ticking: boolean, everyMillis = 100): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!ticking) {
      return undefined;
    }
    const timer = setInterval(() => setNow(Date.now()), everyMillis);
    return () => clearInterval(timer);
  }, [ticking, everyMillis]);
  return now;
}
