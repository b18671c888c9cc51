import type { ReactElement } from 'react';

/** The mark of the product: frames of a reel, coarser from one to the next. */
export function Logo(): ReactElement {
  return (
    <span className="logo">
      <svg width="26" height="26" viewBox="0 0 26 26" aria-hidden="true">
        <rect x="1" y="1" width="24" height="24" rx="7" fill="#2dd4bf" />
        <path d="M6 19.5c2.5 0 3-13 6.5-13" stroke="#06231f" strokeWidth="2.2" fill="none" strokeLinecap="round" />
        <path d="M13 6.5h2.5v4.3H18v4.3h2.3v4.4" stroke="#06231f" strokeWidth="2.2" fill="none" strokeLinecap="round" strokeLinejoin="round" />
      </svg>
      Quantreel
    </span>
  );
}
