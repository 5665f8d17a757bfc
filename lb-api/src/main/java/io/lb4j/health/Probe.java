package io.lb4j.health;

import io.lb4j.ServiceInstance;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * Asks one instance whether it can serve. Thread-safe; must not block the calling thread, which is the balancer's only
 * one: start the probe and return.
 */
@FunctionalInterface
public interface Probe {

    /**
     * Starts one probe. When the balancer has no use for the answer any more (time is up, the instance is gone, the
     * balancer is closed) it {@linkplain java.util.concurrent.Future#cancel cancels} the stage's future; a probe that
     * holds a connection or a thread gives it up then. At most 256 probes of all balancers of the process are under way
     * at a time, and the time-out begins when it is this one's turn.
     *
     * @param instance whom to ask
     * @param timeout when to give up; the balancer treats a later answer as a failure
     * @return the verdict, in a stage of its own; one that completes exceptionally, or a throw, means unhealthy
     */
    CompletionStage<Result> probe(ServiceInstance instance, Duration timeout);

    /**
     * What a probe found.
     *
     * @param healthy whether the instance can serve
     * @param detail why, for {@code explain} and listeners: a status line, an exception's message
     */
    record Result(boolean healthy, String detail) {}

    /**
     * A probe that opens a TCP connection to the instance and closes it: it sees a dead process or host, not a hung
     * one. {@link TcpProbe#builder()} has one that also talks.
     */
    static Probe tcp() {
        return TcpProbe.CONNECT;
    }
}
