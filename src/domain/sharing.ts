import { DomainError } from './errors.ts';

export const SHARING_STATUSES = ['unavailable', 'available', 'on', 'turning_off', 'off', 'paused'] as const;
export type SharingStatus = (typeof SHARING_STATUSES)[number];
export type Side = 'instance' | 'account';

/** The two switches and where they lead. Counts flow only while the status is `on`. */
export interface Sharing {
  status: SharingStatus;
  instanceSide: boolean;
  accountSide: boolean;
  /** Raised each time the gate closes for good: what was connected under a lower one never flows again by itself. */
  generation: number;
  /** Where turning off ends. */
  endsIn: 'off' | 'unavailable';
  /** When GitHub Connect was first not seen, ISO, and how often since. */
  connectLostAt: string | undefined;
  connectLostLooks: number;
  /** The last look that changed something, ISO: the same look, taken again, counts once. */
  connectLookedAt: string | undefined;
}

export type SharingCommand =
  | { type: 'approve' }
  | { type: 'switch'; side: Side; on: boolean }
  | { type: 'revoke' }
  | { type: 'verified' }
  | { type: 'look'; connected: boolean; at: string };

export interface SharingSettings {
  connectGraceMs: number;
  connectLooks: number;
}

export interface SharingStep {
  next: Sharing;
  /** The audit action; undefined when nothing changed. */
  action: string | undefined;
  /** The gate closed for good: counts are to be deleted. */
  turnsOff: boolean;
}

export const NO_SHARING: Sharing = {
  status: 'unavailable',
  instanceSide: false,
  accountSide: false,
  generation: 0,
  endsIn: 'off',
  connectLostAt: undefined,
  connectLostLooks: 0,
  connectLookedAt: undefined,
};

const same = (next: Sharing): SharingStep => ({ next, action: undefined, turnsOff: false });

function turnOff(
  sharing: Sharing,
  action: string,
  endsIn: 'off' | 'unavailable',
  sides: Partial<Sharing>,
): SharingStep {
  const next: Sharing = {
    ...sharing,
    ...sides,
    status: 'turning_off',
    generation: sharing.generation + 1,
    endsIn,
    connectLostAt: undefined,
    connectLostLooks: 0,
  };
  return { next, action, turnsOff: true };
}

function isLive(status: SharingStatus): boolean {
  return status === 'on' || status === 'paused';
}

function approve(sharing: Sharing): SharingStep {
  if (sharing.status !== 'unavailable') return same(sharing);
  return { next: { ...sharing, status: 'available' }, action: 'sharing.made_available', turnsOff: false };
}

function switchSide(sharing: Sharing, side: Side, on: boolean): SharingStep {
  if (sharing.status === 'unavailable') throw new DomainError('sharing_unavailable');
  const flag = side === 'instance' ? 'instanceSide' : 'accountSide';
  if (on && sharing.status === 'turning_off') throw new DomainError('turning_off');
  if (sharing[flag] === on) return same(sharing);
  const flipped: Sharing = { ...sharing, [flag]: on };
  const action = `sharing.${side}_side_${on ? 'enabled' : 'disabled'}`;
  if (!on && isLive(sharing.status)) return turnOff(sharing, action, 'off', { [flag]: false });
  const opens =
    flipped.instanceSide && flipped.accountSide && (sharing.status === 'available' || sharing.status === 'off');
  return { next: opens ? { ...flipped, status: 'on' } : flipped, action, turnsOff: false };
}

function revoke(sharing: Sharing): SharingStep {
  const sides = { instanceSide: false, accountSide: false };
  if (sharing.status === 'unavailable') return same(sharing);
  if (isLive(sharing.status)) return turnOff(sharing, 'sharing.revoked', 'unavailable', sides);
  if (sharing.status === 'turning_off') {
    if (sharing.endsIn === 'unavailable') return same(sharing);
    return { next: { ...sharing, ...sides, endsIn: 'unavailable' }, action: 'sharing.revoked', turnsOff: false };
  }
  return { next: { ...sharing, ...sides, status: 'unavailable' }, action: 'sharing.revoked', turnsOff: false };
}

function verified(sharing: Sharing): SharingStep {
  if (sharing.status !== 'turning_off') return same(sharing);
  return {
    next: { ...sharing, status: sharing.endsIn, endsIn: 'off' },
    action: 'sharing.turned_off',
    turnsOff: false,
  };
}

/** One hourly look at GitHub Connect. A loss pauses; only one that lasts and was seen often enough turns off. */
function look(sharing: Sharing, connected: boolean, at: string, settings: SharingSettings): SharingStep {
  if (!isLive(sharing.status) || isOldLook(sharing, at)) return same(sharing);
  if (connected) {
    if (sharing.status === 'on') return same(sharing);
    const cleared = { connectLostAt: undefined, connectLostLooks: 0, connectLookedAt: at };
    const next: Sharing = { ...sharing, ...cleared, status: 'on' };
    return { next, action: 'sharing.resumed', turnsOff: false };
  }
  const lostAt = sharing.connectLostAt ?? at;
  const looks = sharing.connectLostLooks + 1;
  if (Date.parse(at) - Date.parse(lostAt) >= settings.connectGraceMs && looks >= settings.connectLooks) {
    return turnOff(sharing, 'sharing.connect_lost', 'off', { instanceSide: false, accountSide: false });
  }
  const lost = { connectLostAt: lostAt, connectLostLooks: looks, connectLookedAt: at };
  const next: Sharing = { ...sharing, ...lost, status: 'paused' };
  return { next, action: sharing.status === 'on' ? 'sharing.paused' : undefined, turnsOff: false };
}

function isOldLook({ connectLookedAt }: Sharing, at: string): boolean {
  return connectLookedAt !== undefined && Date.parse(at) <= Date.parse(connectLookedAt);
}

/** @throws DomainError sharing_unavailable, turning_off */
export function stepSharing(sharing: Sharing, command: SharingCommand, settings: SharingSettings): SharingStep {
  switch (command.type) {
    case 'approve':
      return approve(sharing);
    case 'switch':
      return switchSide(sharing, command.side, command.on);
    case 'revoke':
      return revoke(sharing);
    case 'verified':
      return verified(sharing);
    case 'look':
      return look(sharing, command.connected, command.at, settings);
  }
}
