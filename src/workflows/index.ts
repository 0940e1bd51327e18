export * from './access-request.ts';
export * from './connection.ts';
export * from './contribution-sync.ts';
export * from './instance-sync.ts';
export * from './turning-off.ts';
