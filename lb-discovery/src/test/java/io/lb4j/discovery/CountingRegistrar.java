package io.lb4j.discovery;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts what another registrar was answered, after the registration has heard it. */
final class CountingRegistrar implements Registrar {
    final AtomicInteger answers = new AtomicInteger();
    private final Registrar counted;

    CountingRegistrar(Registrar counted) {
        this.counted = counted;
    }

    @Override
    public void register(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        counted.register(service, instance, ttl, counting(answer));
    }

    @Override
    public void renew(String service, ServiceInstance instance, Duration ttl, Answer answer) {
        counted.renew(service, instance, ttl, counting(answer));
    }

    private Answer counting(Answer answer) {
        return new Answer() {
            @Override
            public void held(Duration leaseTtl) {
                answer.held(leaseTtl);
                answers.incrementAndGet();
            }

            @Override
            public void forgotten(String detail) {
                answer.forgotten(detail);
                answers.incrementAndGet();
            }

            @Override
            public void refused(String detail) {
                answer.refused(detail);
                answers.incrementAndGet();
            }

            @Override
            public void failed(IOException error) {
                answer.failed(error);
                answers.incrementAndGet();
            }
        };
    }

    @Override
    public void cancel() {
        counted.cancel();
    }

    @Override
    public void deregister(String service, ServiceInstance instance, Duration atMost) throws IOException {
        counted.deregister(service, instance, atMost);
    }

    @Override
    public void close() {
        counted.close();
    }
}
