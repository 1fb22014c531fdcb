// The npm package `invoices` ships no types. These are the parts of it that decode.ts reads.
declare module 'invoices' {
  export function parsePaymentRequest(arguments_: { request: string }): {
    network: string;
    destination: string;
    mtokens: string;
    created_at: string;
    description?: string;
    description_hash?: string;
    id?: string;
    payment?: string;
  };
}
