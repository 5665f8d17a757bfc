package io.lb4j.balancer;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Takes what discovery says from its threads to the lane. A storm becomes few: whatever comes while something waits for
 * the lane is folded into it, so that any number of snapshots costs one turn of the lane and the last word wins.
 */
final class Deliveries implements ServiceDiscovery.Listener {
    private final SerialLane lane;
    private final Control control;
    private final AtomicReference<@Nullable News> waiting = new AtomicReference<>();

    /**
     * What the lane has not heard yet.
     *
     * @param answer the last answer, if there was one
     * @param before the last error before that answer
     * @param after the last error after it
     */
    private record News(
            @Nullable Answer answer,
            @Nullable Throwable before,
            @Nullable Throwable after) {

        News then(News next) {
            return next.answer == null
                    ? new News(answer, before, next.after)
                    : new News(next.answer, after == null ? before : after, null);
        }
    }

    /** Exactly one of the two is set. */
    private record Answer(
            @Nullable List<ServiceInstance> instances,
            @Nullable String unknown) {}

    Deliveries(SerialLane lane, Control control) {
        this.lane = lane;
        this.control = control;
    }

    /** Begins to listen; if the discovery throws, what was started for it is ended, since nobody gets the balancer. */
    static ServiceDiscovery.Watch watch(ServiceDiscovery discovery, String service, SerialLane lane, Control control) {
        try {
            return Objects.requireNonNull(discovery.watch(service, new Deliveries(lane, control)), "watch");
        } catch (Throwable e) {
            lane.post(control::close);
            throw e;
        }
    }

    @Override
    public void onInstances(List<ServiceInstance> instances) {
        tell(new News(new Answer(List.copyOf(instances), null), null, null));
    }

    @Override
    public void onUnknownService(String detail) {
        tell(new News(new Answer(null, detail), null, null));
    }

    @Override
    public void onError(Throwable error) {
        tell(new News(null, null, error));
    }

    private void tell(News next) {
        News last = waiting.getAndAccumulate(next, (old, more) -> old == null || more == null ? more : old.then(more));
        if (last == null) {
            lane.post(this::hand);
        }
    }

    private void hand() {
        News news = waiting.getAndSet(null);
        if (news == null) {
            return;
        }
        if (news.before != null) {
            control.discoveryError(news.before);
        }
        if (news.answer != null) {
            if (news.answer.instances != null) {
                control.instances(news.answer.instances);
            } else if (news.answer.unknown != null) {
                control.unknownService(news.answer.unknown);
            }
        }
        if (news.after != null) {
            control.discoveryError(news.after);
        }
    }
}
