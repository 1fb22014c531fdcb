// Every call to an LND node is counted and timed here, at the connection itself, so that none can be forgotten. What is
// timed is the first answer: of a unary call its only one, of a stream the first message, since a payment's stream lasts
// as long as the payment and says nothing about the node.
import { InterceptingCall, type Interceptor, status } from '@grpc/grpc-js';
import type { Metrics } from '../../base/metrics.ts';
import { beginSpan } from '../../base/trace.ts';

type Result = 'ok' | 'refused' | 'away' | 'given_up';

/** Makes what stands before all calls of a connection. Methods bear LND's own names ("AddInvoice"). */
export function measuring(metrics: Metrics): Interceptor {
  return (options, nextCall) => {
    const { path } = options.method_definition;
    const method = path.slice(path.lastIndexOf('/') + 1);
    const call = nextCall(options);
    // News is told when there is any: no answer to wait for.
    if (method.startsWith('Subscribe')) return new InterceptingCall(call);
    const begunMs = performance.now();
    const span = beginSpan(`lnd ${method}`, {}, { side: 'client' });
    let isTold = false;
    const tell = (result: Result) => {
      if (isTold) return;
      isTold = true;
      metrics.lndSeconds.observe({ method, result }, (performance.now() - begunMs) / 1_000);
      span?.end(result, result === 'away');
    };
    return new InterceptingCall(call, {
      start(metadata, _listener, next) {
        next(metadata, {
          onReceiveMessage(message, pass) {
            // A unary call that fails is given null before its error.
            if (message !== null) tell('ok');
            pass(message);
          },
          onReceiveStatus(end, pass) {
            tell(resultOf(end.code));
            pass(end);
          },
        });
      },
    });
  };
}

/** `refused`: the node answered with an error. `given_up`: we did not wait any longer. */
function resultOf(code: status): Result {
  if (code === status.OK) return 'ok';
  if (code === status.CANCELLED) return 'given_up';
  return code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED ? 'away' : 'refused';
}
