package io.lb4j.jmh.peers;

import io.lb4j.jmh.Load;
import io.lb4j.jmh.Policy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.dubbo.common.URL;
import org.apache.dubbo.rpc.Invocation;
import org.apache.dubbo.rpc.Invoker;
import org.apache.dubbo.rpc.Result;
import org.apache.dubbo.rpc.RpcInvocation;
import org.apache.dubbo.rpc.RpcStatus;
import org.apache.dubbo.rpc.cluster.LoadBalance;
import org.apache.dubbo.rpc.cluster.loadbalance.ConsistentHashLoadBalance;
import org.apache.dubbo.rpc.cluster.loadbalance.LeastActiveLoadBalance;
import org.apache.dubbo.rpc.cluster.loadbalance.RandomLoadBalance;
import org.apache.dubbo.rpc.cluster.loadbalance.RoundRobinLoadBalance;
import org.apache.dubbo.rpc.cluster.loadbalance.ShortestResponseLoadBalance;
import org.apache.dubbo.rpc.model.ApplicationModel;
import org.apache.dubbo.rpc.model.ServiceModel;
import org.jspecify.annotations.Nullable;

/**
 * Dubbo's {@code LoadBalance} over a plain list of invokers. A call is what its filter has {@code RpcStatus} count when
 * it begins and when it ends.
 */
final class DubboPeer implements PeerContender {
    private static final String METHOD = "get";

    static {
        // Of the loggers it finds Dubbo prefers others, which print.
        System.setProperty("dubbo.application.logger", "slf4j");
    }

    private final LoadBalance balance;
    private final List<Invoker<Object>> invokers = new ArrayList<>();
    private final Invocation[] invocations;
    private final URL consumer = URL.valueOf("consumer://10.0.0.2/orders?interface=orders");

    private DubboPeer(LoadBalance balance, Load load, boolean keyed) {
        this.balance = balance;
        for (int i = 0; i < load.size(); i++) {
            invokers.add(new Known(i, (int) load.weights()[i]));
        }
        invocations = new Invocation[keyed ? load.requests().length : 1];
        for (int i = 0; i < invocations.length; i++) {
            String key = keyed ? Long.toHexString(load.request(i).hash()) : "";
            @Nullable ServiceModel none = null;
            invocations[i] = new RpcInvocation(
                    none, METHOD, "orders", "orders", new Class<?>[] {String.class}, new Object[] {key});
        }
        bringUnderLoad(load.inFlight());
    }

    static Peer peer() {
        return new Peer(
                "dubbo",
                true,
                Map.of(
                        Policy.ROUND_ROBIN, load -> new DubboPeer(new RoundRobinLoadBalance(), load, false),
                        Policy.WEIGHTED_ROUND_ROBIN, load -> new DubboPeer(new RoundRobinLoadBalance(), load, false),
                        Policy.RANDOM, load -> new DubboPeer(new RandomLoadBalance(), load, false),
                        Policy.WEIGHTED_RANDOM, load -> new DubboPeer(new RandomLoadBalance(), load, false),
                        Policy.LEAST_REQUEST, load -> new DubboPeer(new LeastActiveLoadBalance(), load, false),
                        Policy.PEAK_EWMA, load -> new DubboPeer(shortestResponse(), load, false),
                        Policy.RING_HASH, load -> new DubboPeer(new ConsistentHashLoadBalance(), load, true)));
    }

    private static LoadBalance shortestResponse() {
        ShortestResponseLoadBalance balance = new ShortestResponseLoadBalance();
        balance.setApplicationModel(ApplicationModel.defaultModel());
        return balance;
    }

    @Override
    public Object pick(int n) {
        return balance.select(invokers, consumer, invocations[n & (invocations.length - 1)]);
    }

    @Override
    public Object call(int n) {
        Invoker<Object> invoker = balance.select(invokers, consumer, invocations[n & (invocations.length - 1)]);
        URL url = invoker.getUrl();
        long start = System.currentTimeMillis();
        RpcStatus.beginCount(url, METHOD);
        RpcStatus.endCount(url, METHOD, System.currentTimeMillis() - start, true);
        return invoker;
    }

    @Override
    public int indexOf(Object answer) {
        return ((Known) answer).index;
    }

    @Override
    public int inFlight(int index) {
        return RpcStatus.getStatus(invokers.get(index).getUrl(), METHOD).getActive();
    }

    @Override
    public void close() {
        // It is static what Dubbo counts.
        invokers.forEach(invoker -> {
            RpcStatus.removeStatus(invoker.getUrl());
            RpcStatus.removeStatus(invoker.getUrl(), METHOD);
        });
    }

    private void bringUnderLoad(int[] inFlight) {
        for (int i = 0; i < inFlight.length; i++) {
            URL url = invokers.get(i).getUrl();
            RpcStatus.beginCount(url, METHOD);
            RpcStatus.endCount(url, METHOD, 1, true);
            for (int k = 0; k < inFlight[i]; k++) {
                RpcStatus.beginCount(url, METHOD);
            }
        }
    }

    private static final class Known implements Invoker<Object> {
        private final int index;
        private final URL url;

        Known(int index, int weight) {
            this.index = index;
            url = URL.valueOf(
                    "dubbo://" + Load.HOST + ":" + Load.port(index) + "/orders?interface=orders&weight=" + weight);
        }

        @Override
        public Class<Object> getInterface() {
            return Object.class;
        }

        @Override
        public Result invoke(Invocation invocation) {
            throw new UnsupportedOperationException("nothing is sent here");
        }

        @Override
        public URL getUrl() {
            return url;
        }

        @Override
        public boolean isAvailable() {
            return true;
        }

        @Override
        public void destroy() {}
    }
}
