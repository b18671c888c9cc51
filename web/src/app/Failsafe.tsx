import { Component, type ReactNode } from 'react';
import { forget } from './autosave';

type Props = { readonly children: ReactNode };
type State = { readonly error?: Error };

/** Shown in place of the page when drawing it fails, with a way out that does not fail again. */
export class Failsafe extends Component<Props, State> {
  override state: State = {};

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) {
      return this.props.children;
    }
    return (
      <div className="welcome failsafe" role="alert">
        <h1>The canvas could not be drawn</h1>
        <p>{error.message}</p>
        <p>
          <button type="button" className="text-button" onClick={() => location.reload()}>
            Reload
          </button>
          <button
            type="button"
            className="text-button"
            onClick={() => {
              forget(localStorage);
              location.reload();
            }}
          >
            Reload with an empty canvas
          </button>
        </p>
      </div>
    );
  }
}
