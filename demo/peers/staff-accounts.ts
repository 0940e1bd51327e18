/** Somebody at the company that runs the product. What an ID token says of them. */
export interface StaffAccount {
  sub: string;
  name: string;
  email: string;
  email_verified: boolean;
  groups: string[];
}

export const SUPPORT_GROUP = 'unified-contributions-support';

/** Two of support, and a colleague who is not. */
export function seedStaff(): StaffAccount[] {
  return [
    account('staff-2041', 'Sanna Okafor', [SUPPORT_GROUP]),
    account('staff-2077', 'Milan Petrov', [SUPPORT_GROUP, 'on-call']),
    account('staff-3310', 'Rosa Whitlock', ['sales']),
  ];
}

function account(sub: string, name: string, groups: string[]): StaffAccount {
  const email = `${name.toLowerCase().replace(' ', '.')}@support.example`;
  return { sub, name, email, email_verified: true, groups };
}

/** The product as it is registered there. No secret: it opens nothing but this program. */
export const DEMO_STAFF_CLIENT = { clientId: 'unified-contributions', clientSecret: 'demo-secret-of-staff' } as const;
