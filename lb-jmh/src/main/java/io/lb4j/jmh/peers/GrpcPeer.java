package io.lb4j.jmh.peers;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientStreamTracer;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancer.PickDetailsConsumer;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.LoadBalancer.PickSubchannelArgs;
import io.grpc.LoadBalancer.ResolvedAddresses;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.LoadBalancerProvider;
import io.grpc.LoadBalancerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.NameResolver.ConfigOrError;
import io.grpc.Status;
import io.grpc.internal.PickSubchannelArgsImpl;
import io.grpc.xds.RequestHash;
import io.grpc.xds.RingHashOptions;
import io.grpc.xds.shaded.com.github.xds.data.orca.v3.OrcaLoadReport;
import io.lb4j.jmh.Load;
import io.lb4j.jmh.Policy;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * gRPC-Java's balancers as its channel drives them: made by their public providers, on subchannels that are connected.
 * What is measured is {@code SubchannelPicker.pickSubchannel}; a call is the tracer that the pick asks the stream to
 * have, if it asks for one, told that its stream was created and closed.
 */
final class GrpcPeer implements PeerContender {
    /** Envoy's, and this library's, bounds of a ring; gRPC caps rings at 4,096 points unless it is told otherwise. */
    private static final double LARGEST_RING = 8 << 20;

    private static final String NEVER = "86400s";
    private static final int ROUNDS = 10;
    private static final ClientStreamTracer.StreamInfo STREAM =
            ClientStreamTracer.StreamInfo.newBuilder().build();
    private static final Metadata.Key<byte[]> REPORT =
            Metadata.Key.of("endpoint-load-metrics-bin", Metadata.BINARY_BYTE_MARSHALLER);

    private final GrpcHelper helper = new GrpcHelper();
    private final LoadBalancer balancer;
    private final PickSubchannelArgs[] args;
    private final Metadata headers = new Metadata();
    private List<ClientStreamTracer> open = List.of();
    private SubchannelPicker picker;

    private GrpcPeer(String policy, Map<String, ?> config, Load load, boolean keyed) {
        LoadBalancerProvider provider =
                LoadBalancerRegistry.getDefaultRegistry().getProvider(policy);
        if (provider == null) {
            throw new IllegalStateException(policy + ": gRPC has no balancer of this name");
        }
        ConfigOrError parsed = provider.parseLoadBalancingPolicyConfig(config);
        if (parsed.getError() != null) {
            throw new IllegalStateException(policy + ": " + parsed.getError());
        }
        args = keyed ? keyedArgs(load) : new PickSubchannelArgs[] {args(CallOptions.DEFAULT)};
        balancer = provider.newLoadBalancer(helper);
        ResolvedAddresses addresses = ResolvedAddresses.newBuilder()
                .setAddresses(addresses(load.size()))
                .setLoadBalancingPolicyConfig(parsed.getConfig())
                .build();
        resolve(addresses);
        switch (policy) {
            case "weighted_round_robin" -> {
                report(load);
                // The same again: from now on the weights count that were reported.
                resolve(addresses);
            }
            case "least_request_experimental" -> bringUnderLoad(load);
            case "ring_hash_experimental" -> connect();
            default -> {}
        }
        picker = helper.picker();
    }

    static Peer peer() {
        return new Peer(
                "grpc",
                true,
                Map.of(
                        Policy.ROUND_ROBIN,
                        load -> new GrpcPeer("round_robin", Map.of(), load, false),
                        Policy.WEIGHTED_ROUND_ROBIN,
                        load -> new GrpcPeer(
                                "weighted_round_robin",
                                Map.of(
                                        "blackoutPeriod",
                                        "0s",
                                        "weightExpirationPeriod",
                                        NEVER,
                                        "weightUpdatePeriod",
                                        NEVER),
                                load,
                                false),
                        Policy.POWER_OF_TWO_CHOICES,
                        load -> new GrpcPeer("least_request_experimental", Map.of("choiceCount", 2.0), load, false),
                        Policy.RING_HASH,
                        load -> {
                            RingHashOptions.setRingSizeCap((long) LARGEST_RING);
                            return new GrpcPeer(
                                    "ring_hash_experimental", Map.of("maxRingSize", LARGEST_RING), load, true);
                        },
                        Policy.STICKY_UNTIL_FAILURE,
                        load -> new GrpcPeer("pick_first", Map.of(), load, false)));
    }

    @Override
    public Object pick(int n) {
        return picker.pickSubchannel(args[n & (args.length - 1)]);
    }

    @Override
    public Object call(int n) {
        PickResult result = picker.pickSubchannel(args[n & (args.length - 1)]);
        ClientStreamTracer.Factory factory = result.getStreamTracerFactory();
        if (factory != null) {
            ClientStreamTracer tracer = factory.newClientStreamTracer(STREAM, headers);
            tracer.streamCreated(Attributes.EMPTY, headers);
            tracer.inboundTrailers(headers);
            tracer.streamClosed(Status.OK);
        }
        return result;
    }

    @Override
    public int indexOf(Object answer) {
        return Load.indexOf(port((PickResult) answer));
    }

    @Override
    public void close() {
        open.forEach(tracer -> tracer.streamClosed(Status.OK));
        helper.execute(balancer::shutdown);
        helper.close();
    }

    private void resolve(ResolvedAddresses addresses) {
        helper.execute(() -> {
            Status status = balancer.acceptResolvedAddresses(addresses);
            if (!status.isOk()) {
                throw new IllegalStateException("addresses refused: " + status);
            }
        });
    }

    /** Each instance answers once, and says that it is as idle as its weight says. */
    private void report(Load load) {
        Set<Integer> silent = new HashSet<>();
        for (int i = 0; i < load.size(); i++) {
            silent.add(i);
        }
        for (int attempts = 0; !silent.isEmpty() && attempts < ROUNDS * load.size(); attempts++) {
            PickResult result = helper.picker().pickSubchannel(args[0]);
            int index = indexOf(result);
            OrcaLoadReport report = OrcaLoadReport.newBuilder()
                    .setRpsFractional(100 * load.weights()[index])
                    .setCpuUtilization(0.5)
                    .build();
            Metadata trailers = new Metadata();
            trailers.put(REPORT, report.toByteArray());
            ClientStreamTracer tracer = tracer(result);
            tracer.inboundTrailers(trailers);
            tracer.streamClosed(Status.OK);
            silent.remove(index);
        }
        if (!silent.isEmpty()) {
            throw new IllegalStateException(silent.size() + " instances did not report (expected: all did)");
        }
    }

    private void bringUnderLoad(Load load) {
        SubchannelPicker made = helper.picker();
        record Stream(int index, ClientStreamTracer tracer) {}
        List<Stream> streams = Fill.bring(
                load.inFlight(),
                () -> {
                    PickResult result = made.pickSubchannel(args[0]);
                    ClientStreamTracer tracer = tracer(result);
                    tracer.streamCreated(Attributes.EMPTY, headers);
                    return new Stream(indexOf(result), tracer);
                },
                Stream::index,
                stream -> stream.tracer().streamClosed(Status.OK));
        open = streams.stream().map(Stream::tracer).toList();
    }

    /** A ring connects to an instance when a key first asks for it. */
    private void connect() {
        boolean waiting = true;
        for (int round = 0; waiting && round < ROUNDS; round++) {
            waiting = false;
            for (PickSubchannelArgs each : args) {
                waiting |= helper.picker().pickSubchannel(each).getSubchannel() == null;
            }
        }
        if (waiting) {
            throw new IllegalStateException("some keys still wait for a connection (expected: none)");
        }
    }

    private ClientStreamTracer tracer(PickResult result) {
        ClientStreamTracer.Factory factory = result.getStreamTracerFactory();
        if (factory == null) {
            throw new IllegalStateException(result + " counts no calls (expected: a tracer)");
        }
        return factory.newClientStreamTracer(STREAM, headers);
    }

    private static int port(PickResult result) {
        LoadBalancer.Subchannel subchannel = result.getSubchannel();
        if (subchannel == null) {
            throw new IllegalStateException(result + " (expected: a subchannel)");
        }
        return ((InetSocketAddress)
                        subchannel.getAllAddresses().get(0).getAddresses().get(0))
                .getPort();
    }

    private static List<EquivalentAddressGroup> addresses(int size) {
        List<EquivalentAddressGroup> addresses = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            addresses.add(new EquivalentAddressGroup(new InetSocketAddress(Load.HOST, Load.port(i))));
        }
        return addresses;
    }

    private static PickSubchannelArgs[] keyedArgs(Load load) {
        PickSubchannelArgs[] args = new PickSubchannelArgs[load.requests().length];
        for (int i = 0; i < args.length; i++) {
            args[i] = args(RequestHash.with(load.request(i).hash()));
        }
        return args;
    }

    private static PickSubchannelArgs args(CallOptions options) {
        MethodDescriptor<byte[], byte[]> method = MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(MethodType.UNARY)
                .setFullMethodName("orders/get")
                .setRequestMarshaller(Bytes.INSTANCE)
                .setResponseMarshaller(Bytes.INSTANCE)
                .build();
        return new PickSubchannelArgsImpl(method, new Metadata(), options, new PickDetailsConsumer() {});
    }

    private enum Bytes implements MethodDescriptor.Marshaller<byte[]> {
        INSTANCE;

        @Override
        public InputStream stream(byte @Nullable [] value) {
            return new ByteArrayInputStream(value == null ? new byte[0] : value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            throw new UnsupportedOperationException("nothing is sent here");
        }
    }
}
