/** What is taken or removed by its age, oldest first. */
export const ROW_AGES = `
CREATE INDEX billing_notice_age ON billing_notice (at_ms, key);
CREATE INDEX dead_letter_age ON dead_letter (at_ms);
`;
