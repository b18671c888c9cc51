import type { ReactElement } from 'react';
import { useObservable } from '../state/useObservable';
import { useWorkbench } from '../state/workbench';
import { Icon } from '../widgets/Icon';

export function NoticeList(): ReactElement {
  const { notices } = useWorkbench();
  const list = useObservable(notices.list);
  return (
    <div className="notices" aria-live="polite">
      {list.map((notice) => (
        <div key={notice.id} className={`notice ${notice.tone}`} role={notice.tone === 'info' ? 'status' : 'alert'}>
          <Icon name={notice.tone === 'info' ? 'info' : 'alert'} />
          <span>{notice.text}</span>
          <button type="button" className="icon-button small" aria-label="Dismiss" onClick={() => notices.dismiss(notice.id)}>
            <Icon name="close" size={13} />
          </button>
        </div>
      ))}
    </div>
  );
}
