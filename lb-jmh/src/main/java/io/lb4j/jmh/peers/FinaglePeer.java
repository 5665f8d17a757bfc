package io.lb4j.jmh.peers;

import com.twitter.finagle.Address;
import com.twitter.finagle.Addresses;
import com.twitter.finagle.ClientConnection;
import com.twitter.finagle.NoBrokersAvailableException;
import com.twitter.finagle.Service;
import com.twitter.finagle.ServiceFactory;
import com.twitter.finagle.Stack;
import com.twitter.finagle.StackParams;
import com.twitter.finagle.Status;
import com.twitter.finagle.loadbalancer.Balancers;
import com.twitter.finagle.loadbalancer.EndpointFactory;
import com.twitter.finagle.loadbalancer.LoadBalancerFactory;
import com.twitter.finagle.param.Stats;
import com.twitter.finagle.param.Timer;
import com.twitter.finagle.stats.NullStatsReceiver;
import com.twitter.util.Activity;
import com.twitter.util.Await;
import com.twitter.util.Future;
import com.twitter.util.NullTimer;
import com.twitter.util.Time;
import io.lb4j.jmh.Load;
import io.lb4j.jmh.Policy;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import scala.collection.immutable.IndexedSeq;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.BoxedUnit;

/**
 * Finagle's balancers over endpoints that are always open, without statistics. One can't ask them who is next and leave
 * it at that: to pick is to acquire a service, which counts a call until the service is closed. So there are calls only,
 * waited for as Finagle's own benchmark does.
 */
final class FinaglePeer implements PeerContender {
    /** The least that Finagle's own default, the deterministic aperture, picks among. */
    private static final int APERTURE = 12;

    private final ServiceFactory<Object, Object> balancer;
    private final List<Service<Object, Object>> open = new ArrayList<>();

    private FinaglePeer(LoadBalancerFactory factory, Load load, boolean everywhere) {
        List<EndpointFactory<Object, Object>> endpoints = new ArrayList<>();
        for (int i = 0; i < load.size(); i++) {
            endpoints.add(new Endpoint(i));
        }
        IndexedSeq<EndpointFactory<Object, Object>> all =
                CollectionConverters.asScala(endpoints).toIndexedSeq();
        Stack.Params params = StackParams.empty()
                .plus(new Stats(new NullStatsReceiver()).mk())
                .plus(new Timer(new NullTimer()).mk());
        balancer = factory.newBalancer(Activity.value(all), new NoBrokersAvailableException("orders"), params);
        int[] inFlight = load.inFlight();
        if (everywhere) {
            open.addAll(Fill.bring(inFlight, this::acquire, this::indexOf, FinaglePeer::release));
        } else {
            for (int i = Arrays.stream(inFlight).sum(); i > 0; i--) {
                open.add(acquire());
            }
        }
    }

    static Peer peer() {
        return new Peer(
                "finagle",
                false,
                Map.of(
                        Policy.ROUND_ROBIN, everywhere(Balancers.roundRobin()),
                        Policy.POWER_OF_TWO_CHOICES, everywhere(Balancers.p2c(Balancers.p2c$default$1())),
                        Policy.PEAK_EWMA,
                                everywhere(Balancers.p2cPeakEwma(
                                        Balancers.p2cPeakEwma$default$1(), Balancers.p2cPeakEwma$default$2())),
                        Policy.LEAST_REQUEST, everywhere(Balancers.heap(Balancers.heap$default$1()))));
    }

    /** Two choices among as few endpoints as the load needs. */
    static Peer aperture() {
        return new Peer(
                "finagle-aperture",
                false,
                Map.of(
                        Policy.POWER_OF_TWO_CHOICES,
                        load -> new FinaglePeer(
                                Balancers.aperture(
                                        Balancers.aperture$default$1(),
                                        Balancers.aperture$default$2(),
                                        Balancers.aperture$default$3(),
                                        APERTURE,
                                        Balancers.aperture$default$5(),
                                        Balancers.aperture$default$6()),
                                load,
                                false)));
    }

    private static Function<Load, PeerContender> everywhere(LoadBalancerFactory factory) {
        return load -> new FinaglePeer(factory, load, true);
    }

    @Override
    public Object pick(int n) {
        throw new UnsupportedOperationException("Finagle picks for a call only");
    }

    @Override
    public Object call(int n) {
        Service<Object, Object> service = acquire();
        release(service);
        return service;
    }

    @Override
    public int indexOf(Object answer) {
        @SuppressWarnings("unchecked")
        Service<Object, Object> service = (Service<Object, Object>) answer;
        return (Integer) await(service.apply(""));
    }

    @Override
    public void close() {
        open.forEach(FinaglePeer::release);
        Object unused = await(balancer.close());
    }

    private Service<Object, Object> acquire() {
        return await(balancer.apply());
    }

    private static void release(Service<Object, Object> service) {
        BoxedUnit unused = await(service.close());
    }

    private static <T> T await(Future<T> future) {
        try {
            return Await.result(future);
        } catch (Exception e) {
            throw new IllegalStateException("the balancer failed", e);
        }
    }

    private static final class Endpoint extends ServiceFactory<Object, Object>
            implements EndpointFactory<Object, Object> {
        private final Address address;
        private final Future<Service<Object, Object>> service;

        Endpoint(int index) {
            address = Addresses.newInetAddress(InetSocketAddress.createUnresolved(Load.HOST, Load.port(index)));
            service = Future.value(new Answering(index));
        }

        @Override
        public Future<Service<Object, Object>> apply(ClientConnection connection) {
            return service;
        }

        @Override
        public Address address() {
            return address;
        }

        @Override
        public double weight() {
            return 1;
        }

        @Override
        public Status status() {
            return Status.Open$.MODULE$;
        }

        @Override
        public void remake() {}

        @Override
        public Future<BoxedUnit> close(Time deadline) {
            return Future.Done();
        }
    }

    /** Answers with its number, whatever is asked. */
    private static final class Answering extends Service<Object, Object> {
        private final Future<Object> answer;

        Answering(int index) {
            answer = Future.value(index);
        }

        @Override
        public Future<Object> apply(Object request) {
            return answer;
        }
    }
}
