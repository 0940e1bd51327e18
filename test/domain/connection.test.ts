import { describe, expect, test } from '@jest/globals';
import { CONNECTION_STATUSES, isLive, NEW_CONNECTION, stepConnection } from '../../src/domain/connection.ts';
import type { ConnectionCommand, ConnectionState, ObservedCause } from '../../src/domain/connection.ts';
import { DomainError } from '../../src/domain/errors.ts';
import { refusalOf } from './refusal.ts';

const establish: ConnectionCommand = { type: 'establish' };
const send: ConnectionCommand = { type: 'send', consentVersion: '1' };
const optOut: ConnectionCommand = { type: 'opt_out' };
const observe = (cause: ObservedCause): ConnectionCommand => ({ type: 'observe', cause });
const switchedOff: ConnectionCommand = { type: 'switched_off' };
const removed: ConnectionCommand = { type: 'removed' };
const lift = (...causes: ObservedCause[]): ConnectionCommand => ({ type: 'lift', causes });
const reconnect: ConnectionCommand = { type: 'reconnect' };
const restored: ConnectionCommand = { type: 'restored' };
const lapse: ConnectionCommand = { type: 'lapse' };
const forget: ConnectionCommand = { type: 'forget' };

const after = (...commands: ConnectionCommand[]): ConnectionState =>
  commands.reduce((state, command) => stepConnection(state, command).next, NEW_CONNECTION);
const then = (state: ConnectionState, ...commands: ConnectionCommand[]): ConnectionState =>
  commands.reduce((reached, command) => stepConnection(reached, command).next, state);

const connected = after(establish);
const sending = then(connected, send);
const removing = then(sending, optOut);
const restorable = then(removing, removed);
const restoring = then(restorable, reconnect);
const STATES: Readonly<Record<string, ConnectionState>> = {
  connecting: NEW_CONNECTION,
  connected,
  sending,
  removing,
  restorable,
  restoring,
  ended: then(restorable, lapse),
};

/** `=` nothing changed, `!code` refused, else the next state and what the fences do. */
function outcome(state: ConnectionState, command: ConnectionCommand): string {
  try {
    const { next, action, fence } = stepConnection(state, command);
    if (action === undefined) return next === state && fence === 'none' ? '=' : 'changed in silence';
    return fence === 'none' ? next.status : `${next.status}+${fence}`;
  } catch (error) {
    if (error instanceof DomainError) return `!${error.code}`;
    throw error;
  }
}

const COMMANDS: readonly [ConnectionCommand['type'], ConnectionCommand][] = [
  ['establish', establish],
  ['send', send],
  ['opt_out', optOut],
  ['observe', observe('gone')],
  ['switched_off', switchedOff],
  ['removed', removed],
  ['move', { type: 'move' }],
  ['moved', { type: 'moved' }],
  ['lift', lift('gone')],
  ['reconnect', reconnect],
  ['restored', restored],
  ['lapse', lapse],
  ['forget', forget],
];

// What each command does in: connecting, connected, sending, removing, restorable, restoring, ended.
const TABLE: Readonly<Record<ConnectionCommand['type'], readonly string[]>> = {
  establish: ['connected', '=', '=', '=', '=', '=', '='],
  send: ['!wrong_state', 'sending+enter', '=', '!removing', '!wrong_state', '!wrong_state', '='],
  opt_out: ['removing', 'removing', 'removing', '=', '=', 'removing', '='],
  observe: ['removing+close', 'removing+close', 'removing+close', 'removing', 'restorable', 'removing+close', '='],
  switched_off: ['restorable', 'restorable', 'restorable', '=', '=', 'restorable', '='],
  removed: ['=', '=', '=', 'restorable', '=', '=', '='],
  move: ['removing', 'removing', 'removing', '=', '=', 'removing', '='],
  moved: ['=', '=', '=', 'restorable+change_profile', 'restorable+change_profile', '=', '='],
  lift: ['=', '=', '=', '=', '=', '=', '='],
  reconnect: ['!wrong_state', '!wrong_state', '!wrong_state', '!removing', 'restoring+enter', '!wrong_state', '='],
  restored: ['=', '=', '=', '=', '=', 'sending', '='],
  lapse: ['ended', 'ended', 'ended', 'ended', 'ended', 'ended', '='],
  forget: ['ended', 'ended', 'ended', 'ended', 'ended', 'ended', '='],
};

describe('every command in every state', () => {
  test('the states are all there are', () => {
    expect(Object.entries(STATES).map(([name, { status }]) => [name, status])).toEqual(
      CONNECTION_STATUSES.map((status) => [status, status]),
    );
  });

  test.each(COMMANDS)('%s', (name, command) => {
    expect(Object.values(STATES).map((state) => outcome(state, command))).toEqual(TABLE[name]);
  });

  test('is in the table', () => {
    expect(COMMANDS.map(([name, { type }]) => [name, type])).toEqual(Object.keys(TABLE).map((type) => [type, type]));
  });

  test('a refusal says in which state it was', () => {
    expect(refusalOf(() => stepConnection(removing, reconnect)).facts).toEqual({ status: 'removing' });
    expect(refusalOf(() => stepConnection(NEW_CONNECTION, send)).facts).toEqual({ status: 'connecting' });
  });

  test('live is what sends, or may come to send without coming back first', () => {
    expect(CONNECTION_STATUSES.filter(isLive)).toEqual(['connecting', 'connected', 'sending', 'restoring']);
  });
});

describe('connecting and sending', () => {
  test('are two acts: nothing is sent before the tick, and the consent text that was agreed to is kept', () => {
    expect(connected).toMatchObject({ status: 'connected', consentVersion: null });
    expect(sending).toMatchObject({ status: 'sending', consentVersion: '1' });
  });

  test('a later consent text is agreed to by a tick of its own', () => {
    const step = stepConnection(sending, { type: 'send', consentVersion: '2' });
    expect(step).toMatchObject({ action: 'connection.sending_started', next: { consentVersion: '2' } });
  });

  test('whoever never ticked comes back to where they were, and nothing is restored', () => {
    const left = then(connected, optOut, removed);
    expect(stepConnection(left, reconnect)).toMatchObject({
      next: { status: 'connected', causes: [] },
      fence: 'enter',
    });
  });
});

describe('causes are a set', () => {
  const both = then(sending, observe('token_lost'), removed, optOut, observe('suspended'));

  test('each is in it once, in the order in which they came', () => {
    expect(both.causes).toEqual(['token_lost', 'opted_out', 'suspended']);
    expect(stepConnection(both, observe('suspended')).action).toBeUndefined();
    expect(stepConnection(both, optOut).action).toBeUndefined();
    expect(stepConnection(restorable, observe('gone'))).toMatchObject({
      action: 'connection.cause_added',
      fence: 'none',
      next: { status: 'restorable', causes: ['opted_out', 'gone'] },
    });
  });

  test.each([
    ['token_lost', ['opted_out', 'suspended']],
    ['suspended', ['token_lost', 'opted_out']],
    ['gone', ['token_lost', 'opted_out', 'suspended']],
  ] as const)('lifting %s undoes no other', (cause, left) => {
    expect(then(both, lift(cause))).toEqual({ ...both, causes: left });
  });

  test('an opt-out is never lifted by anybody else', () => {
    expect(then(both, lift('token_lost', 'suspended', 'gone')).causes).toEqual(['opted_out']);
  });

  test('a reconnect needs each of them lifted, but for the own opt-out', () => {
    const refused = refusalOf(() => stepConnection(both, reconnect));
    expect(refused).toMatchObject({ code: 'cause_remains', facts: { causes: ['token_lost', 'suspended'] } });
    const one = then(both, lift('token_lost'));
    expect(refusalOf(() => stepConnection(one, reconnect)).facts).toEqual({ causes: ['suspended'] });
    expect(then(one, lift('suspended'), reconnect)).toMatchObject({ status: 'restoring', causes: [] });
  });

  test('lifting the last one starts nothing: the developer has to come back', () => {
    const gone = then(sending, observe('gone'), removed, lift('gone'));
    expect(gone).toMatchObject({ status: 'restorable', causes: [] });
    expect(then(gone, establish, restored, removed, lift('gone')).status).toBe('restorable');
    expect(then(gone, reconnect, restored).status).toBe('sending');
  });

  test('a cause that comes while the counts are deleted stays when they are', () => {
    expect(then(sending, optOut, observe('gone'), removed)).toMatchObject({
      status: 'restorable',
      causes: ['opted_out', 'gone'],
    });
  });
});

describe('moving to another profile', () => {
  const moving = then(sending, { type: 'move' });

  test('deletes at the old one first, and changes the profile only when that is done', () => {
    expect(moving).toEqual({ ...sending, status: 'removing' });
    expect(stepConnection(moving, { type: 'moved' })).toMatchObject({
      next: { status: 'restorable', causes: [] },
      fence: 'change_profile',
    });
    expect(then(moving, { type: 'moved' }, reconnect, restored)).toEqual(sending);
  });

  test('undoes no cause', () => {
    const gone = then(sending, observe('gone'), { type: 'move' }, { type: 'moved' });
    expect(refusalOf(() => stepConnection(gone, reconnect)).code).toBe('cause_remains');
    expect(then(moving, optOut, { type: 'moved' }).causes).toEqual(['opted_out']);
  });
});

describe('coming back', () => {
  test('reads the source again before anything is sent', () => {
    expect(restoring).toMatchObject({ status: 'restoring', consentVersion: '1', causes: [] });
    expect(then(restoring, restored)).toEqual(sending);
  });

  test('can be broken off by an opt-out, by a cause and by the switch', () => {
    expect(then(restoring, optOut, restored).status).toBe('removing');
    expect(then(restoring, observe('gone'), restored).status).toBe('removing');
    expect(then(restoring, switchedOff, restored).status).toBe('restorable');
  });

  test('is over once the link has ended; nothing of it is kept', () => {
    for (const state of Object.values(STATES)) {
      for (const end of [lapse, forget]) {
        expect(then(state, end)).toEqual({ schemaVersion: 1, status: 'ended', causes: [], consentVersion: null });
        expect(then(state, end, ...COMMANDS.map(([, command]) => command)).status).toBe('ended');
      }
    }
  });
});
