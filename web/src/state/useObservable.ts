import { useSyncExternalStore } from 'react';
import type { Observable } from './observable';

/** The present value of an observable; the component renders again when it is replaced. */
export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.get);
}

/** A part of an observable's value; `select` must return the same object while that part stays the same. */
export function useSelected<T, S>(observable: Observable<T>, select: (value: T) => S): S {
  return useSyncExternalStore(observable.subscribe, () => select(observable.get()));
}
