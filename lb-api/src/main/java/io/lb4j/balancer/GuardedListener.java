package io.lb4j.balancer;

import io.lb4j.ServiceInstance;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Fans out to the user's listeners and keeps what they throw away from the engine: the one place that does. */
final class GuardedListener implements LoadBalancerListener {
    private static final Logger LOG = System.getLogger(LoadBalancer.class.getName());

    private final List<LoadBalancerListener> listeners;
    private final AtomicBoolean reported = new AtomicBoolean();

    GuardedListener(List<LoadBalancerListener> listeners) {
        this.listeners = List.copyOf(listeners);
    }

    @Override
    public void onInstances(String service, List<ServiceInstance> instances) {
        each(service, l -> l.onInstances(service, instances));
    }

    @Override
    public void onEmptyList(String service, Duration grace) {
        each(service, l -> l.onEmptyList(service, grace));
    }

    @Override
    public void onUnknownService(String service, String detail) {
        each(service, l -> l.onUnknownService(service, detail));
    }

    @Override
    public void onDiscoveryError(String service, Throwable error) {
        each(service, l -> l.onDiscoveryError(service, error));
    }

    @Override
    public void onEjected(String service, ServiceInstance instance, String reason, Duration duration) {
        each(service, l -> l.onEjected(service, instance, reason, duration));
    }

    @Override
    public void onOverloaded(String service, ServiceInstance instance, Duration duration) {
        each(service, l -> l.onOverloaded(service, instance, duration));
    }

    @Override
    public void onReturned(String service, ServiceInstance instance) {
        each(service, l -> l.onReturned(service, instance));
    }

    @Override
    public void onEndpointEjected(
            String service, ServiceInstance instance, String endpoint, String reason, Duration duration) {
        each(service, l -> l.onEndpointEjected(service, instance, endpoint, reason, duration));
    }

    @Override
    public void onEndpointReturned(String service, ServiceInstance instance, String endpoint) {
        each(service, l -> l.onEndpointReturned(service, instance, endpoint));
    }

    @Override
    public void onHealthChanged(String service, ServiceInstance instance, boolean healthy, String detail) {
        each(service, l -> l.onHealthChanged(service, instance, healthy, detail));
    }

    @Override
    public void onPanic(String service, boolean panicking) {
        each(service, l -> l.onPanic(service, panicking));
    }

    @Override
    public void onStrategyFailure(String service, Throwable error) {
        each(service, l -> l.onStrategyFailure(service, error));
    }

    private void each(String service, Consumer<LoadBalancerListener> call) {
        for (LoadBalancerListener listener : listeners) {
            try {
                call.accept(listener);
            } catch (Throwable e) {
                if (reported.compareAndSet(false, true)) {
                    LOG.log(
                            Level.WARNING,
                            service + ": a listener threw; it goes on being called, but what it throws "
                                    + "from now on is dropped: " + listener,
                            e);
                }
            }
        }
    }
}
