package io.lb4j.balancer;

import io.lb4j.ServiceInstance;
import java.time.Duration;
import java.util.List;

/**
 * Told of what a balancer learns and decides; for logs, metrics and alarms. Calls for one service come one at a time,
 * on the balancer's thread unless said otherwise, and must be quick. A listener that throws is logged once and never
 * disturbs the balancer or the other listeners. Every method does nothing by default.
 */
public interface LoadBalancerListener {

    /** Discovery delivered a snapshot that differs from the one before. */
    default void onInstances(String service, List<ServiceInstance> instances) {}

    /**
     * Discovery lists no instance any more; those it had stay in force for this long, unless it lists some before. Told
     * when that begins. {@link #onInstances} tells how it ends, unless the same instances are listed again.
     */
    default void onEmptyList(String service, Duration grace) {}

    /** Discovery says that there is no such service. Told when that begins, not at every repeat. */
    default void onUnknownService(String service, String detail) {}

    /** Discovery failed or sent what cannot be used; the last good snapshot stays in force. */
    default void onDiscoveryError(String service, Throwable error) {}

    /**
     * Passive health took an instance out of rotation.
     *
     * @param reason what it did, for people
     * @param duration for how long
     */
    default void onEjected(String service, ServiceInstance instance, String reason, Duration duration) {}

    /** The instance asked to be left alone, by Retry-After for instance, and is for this long. */
    default void onOverloaded(String service, ServiceInstance instance, Duration duration) {}

    /** An ejection or overload ended; the instance is in rotation again unless its checks fail. */
    default void onReturned(String service, ServiceInstance instance) {}

    /**
     * Passive health took an instance out of rotation for the calls to one endpoint; calls to others still go there.
     *
     * @param endpoint as calls name it ({@link io.lb4j.PickRequest#withEndpoint})
     * @param reason what it did, for people
     * @param duration for how long
     */
    default void onEndpointEjected(
            String service, ServiceInstance instance, String endpoint, String reason, Duration duration) {}

    /**
     * That is over: the endpoint is well again, or no better elsewhere; or the instance left, or was ejected as a whole.
     */
    default void onEndpointReturned(String service, ServiceInstance instance, String endpoint) {}

    /** Active checks changed their mind on an instance. */
    default void onHealthChanged(String service, ServiceInstance instance, boolean healthy, String detail) {}

    /** Fewer instances are healthy than the panic threshold asks, or enough are again. */
    default void onPanic(String service, boolean panicking) {}

    /**
     * The strategy threw, or returned null or a stranger; calls are served by a rotation of the balancer's own. Told
     * once for each picker. May come on a calling thread.
     */
    default void onStrategyFailure(String service, Throwable error) {}
}
