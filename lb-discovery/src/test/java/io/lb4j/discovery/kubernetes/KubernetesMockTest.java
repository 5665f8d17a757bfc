package io.lb4j.discovery.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ListMetaBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceList;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceListBuilder;
import io.fabric8.kubernetes.client.NamespacedKubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.server.mock.KubernetesMixedDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.ServerRequest;
import io.fabric8.mockwebserver.ServerResponse;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Recorder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Against fabric8's mock of the API server, whose objects are made and written by fabric8's client: what another's reading of the
 * API says of lists. It has no watch but over a WebSocket.
 */
class KubernetesMockTest {
    private static final String SLICES =
            "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dorders";

    /** It tells of each request. Held, since a level is forgotten with its logger. */
    private static final Logger TALK = Logger.getLogger(MockWebServer.class.getName());

    static {
        TALK.setLevel(Level.WARNING);
    }

    private final Map<ServerRequest, Queue<ServerResponse>> told = new HashMap<>();

    /** Keeps objects, and says what it was told to where it was. */
    private final KubernetesMockServer server = new KubernetesMockServer(
            new Context(), new MockWebServer(), told, new KubernetesMixedDispatcher(told), false);

    private NamespacedKubernetesClient client;

    @BeforeEach
    void start() {
        server.init();
        client = server.createClient();
    }

    @AfterEach
    void stop() {
        client.close();
        server.destroy();
    }

    private NonNamespaceOperation<EndpointSlice, EndpointSliceList, Resource<EndpointSlice>> slices(String namespace) {
        return client.discovery().v1().endpointSlices().inNamespace(namespace);
    }

    private static EndpointSliceBuilder slice(String service, String name, int port, Endpoint... endpoints) {
        return new EndpointSliceBuilder()
                .withNewMetadata()
                .withName(name)
                .addToLabels("kubernetes.io/service-name", service)
                .endMetadata()
                .withAddressType("IPv4")
                .addNewPort()
                .withName("http")
                .withPort(port)
                .withProtocol("TCP")
                .endPort()
                .withEndpoints(endpoints);
    }

    private void put(String service, String name, int port, Endpoint... endpoints) {
        slices("shop").resource(slice(service, name, port, endpoints).build()).create();
    }

    private static EndpointBuilder endpoint(String address) {
        return new EndpointBuilder().withAddresses(address);
    }

    private static Endpoint endpoint(String address, boolean ready, boolean serving, boolean terminating) {
        return endpoint(address)
                .withNewConditions()
                .withReady(ready)
                .withServing(serving)
                .withTerminating(terminating)
                .endConditions()
                .build();
    }

    private List<ServiceInstance> list(String service) {
        return list(builder(), service);
    }

    private KubernetesDiscovery.Builder builder() {
        return KubernetesDiscovery.builder("http://" + server.getHostName() + ":" + server.getPort())
                .namespace("shop");
    }

    /** What is told first, which is what was listed. */
    private static List<ServiceInstance> list(KubernetesDiscovery.Builder builder, String service) {
        Recorder recorder = new Recorder();
        try (KubernetesDiscovery discovery = builder.build()) {
            discovery.watch(service, recorder);
            await().until(() -> !recorder.calls.isEmpty());
        }
        assertThat(recorder.calls.get(0)).isEqualTo("instances");
        return recorder.snapshots.get(0);
    }

    private static List<String> authorities(List<ServiceInstance> instances) {
        return instances.stream().map(ServiceInstance::authority).toList();
    }

    @Test
    void slicesOfAService_areOneList_andThoseOfOthersAreNot() {
        put(
                "orders",
                "orders-1",
                8080,
                endpoint("10.0.0.1").build(),
                endpoint("10.0.0.2").build());
        put("orders", "orders-2", 8081, endpoint("10.0.0.3").build());
        put("users", "users-1", 8080, endpoint("10.0.0.4").build());
        slices("other")
                .resource(slice("orders", "orders-1", 8080, endpoint("10.0.0.5").build())
                        .build())
                .create();

        assertThat(authorities(list("orders"))).containsExactly("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8081");
        assertThat(authorities(list("other/orders:http"))).containsExactly("10.0.0.5:8080");
    }

    @Test
    void whatTheClientChangedAndDeleted_isListedSo() {
        put("orders", "orders-1", 8080, endpoint("10.0.0.1").build());
        put("orders", "orders-2", 8080, endpoint("10.0.0.2").build());
        assertThat(authorities(list("orders"))).containsExactly("10.0.0.1:8080", "10.0.0.2:8080");

        slices("shop")
                .withName("orders-1")
                .edit(old -> new EndpointSliceBuilder(old)
                        .addToEndpoints(endpoint("10.0.0.9").build())
                        .build());
        slices("shop").withName("orders-2").delete();

        assertThat(authorities(list("orders"))).containsExactly("10.0.0.1:8080", "10.0.0.9:8080");
    }

    @Test
    void conditions_decideWhoIsCalledDrainedOrLeftOut() {
        put(
                "orders",
                "orders-1",
                8080,
                endpoint("10.0.0.1", true, true, false),
                endpoint("10.0.0.2", false, true, true),
                endpoint("10.0.0.3", false, false, true),
                endpoint("10.0.0.4", false, false, false));

        List<ServiceInstance> instances = list("orders");
        assertThat(authorities(instances)).containsExactly("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.4:8080");
        assertThat(instances).extracting(ServiceInstance::isDraining).containsExactly(false, true, true);
        assertThat(instances).extracting(ServiceInstance::weight).containsExactly(1.0, 1.0, 0.0);
        assertThat(instances.get(1).metadata()).containsEntry(KubernetesDiscovery.CONDITION, "terminating");
        assertThat(instances.get(2).metadata()).containsEntry(KubernetesDiscovery.CONDITION, "notReady");
    }

    @Test
    void endpointWithEverything_isMapped() {
        Endpoint web = endpoint("10.0.0.1")
                .withZone("eu-1a")
                .withNodeName("n1")
                .withHostname("web-0")
                .withNewTargetRef()
                .withKind("Pod")
                .withName("web-0-abc")
                .withUid("3f2c9a1b-0000-4000-8000-000000000000")
                .endTargetRef()
                .withNewHints()
                .addNewForZone()
                .withName("eu-1a")
                .endForZone()
                .endHints()
                .build();
        Endpoint far = endpoint("10.0.0.2")
                .withNewHints()
                .addNewForZone()
                .withName("eu-1b")
                .endForZone()
                .endHints()
                .build();
        put("orders", "orders-1", 8080, web, far);

        List<ServiceInstance> instances = list(builder().zone("eu-1a"), "orders");
        assertThat(instances.get(0))
                .isEqualTo(ServiceInstance.builder("10.0.0.1", 8080)
                        .id("10.0.0.1:8080~3f2c9a1b")
                        .zone("eu-1a")
                        .metadata(Map.of("pod", "web-0-abc", "node", "n1", "hostname", "web-0", "hints", "eu-1a"))
                        .build());
        assertThat(instances).extracting(ServiceInstance::priority).containsExactly(0, 1);
    }

    @Test
    void namedPort_isChosen_andItsProtocolSaysWhetherItIsSecure() {
        EndpointSlice two = slice(
                        "orders", "orders-1", 8080, endpoint("10.0.0.1").build())
                .addNewPort()
                .withName("api")
                .withPort(8443)
                .withProtocol("TCP")
                .withAppProtocol("https")
                .endPort()
                .build();
        slices("shop").resource(two).create();

        assertThat(list("orders:http")).singleElement().isEqualTo(ServiceInstance.of("10.0.0.1", 8080));
        assertThat(list("orders:api"))
                .singleElement()
                .isEqualTo(
                        ServiceInstance.builder("10.0.0.1", 8443).secure(true).build());
        assertThat(authorities(list("orders:8443"))).containsExactly("10.0.0.1:8443");
    }

    @Test
    void addressTypes_areNotMixed() {
        put("orders", "orders-1", 8080, endpoint("10.0.0.1").build());
        slices("shop")
                .resource(slice("orders", "orders-2", 8080, endpoint("fd00::1").build())
                        .withAddressType("IPv6")
                        .build())
                .create();

        assertThat(authorities(list("orders"))).containsExactly("10.0.0.1:8080");
        assertThat(authorities(list(builder().preferIpv6(true), "orders"))).containsExactly("[fd00::1]:8080");
    }

    @Test
    void serviceWithoutSlices_isUnknown() {
        put("users", "users-1", 8080, endpoint("10.0.0.4").build());
        Recorder recorder = new Recorder();
        try (KubernetesDiscovery discovery = builder().build()) {
            discovery.watch("orders", recorder);
            await().until(() -> !recorder.unknown.isEmpty());
        }
        assertThat(recorder.snapshots).isEmpty();
    }

    /** Left to itself it ignores the limit; these are two pages that it is told to answer with. */
    @Test
    void pages_areOneList() {
        EndpointSlice first =
                slice("orders", "a", 80, endpoint("10.0.0.1").build()).build();
        EndpointSlice second =
                slice("orders", "b", 80, endpoint("10.0.0.2").build()).build();
        page("&limit=500", "next page", first);
        page("&limit=500&continue=next%20page", null, second);

        assertThat(authorities(list("orders"))).containsExactly("10.0.0.1:80", "10.0.0.2:80");
    }

    private void page(String rest, @Nullable String next, EndpointSlice slice) {
        EndpointSliceList page = new EndpointSliceListBuilder()
                .withMetadata(new ListMetaBuilder()
                        .withResourceVersion("7")
                        .withContinue(next)
                        .build())
                .withItems(slice)
                .build();
        server.expect().get().withPath(SLICES + rest).andReturn(200, page).always();
    }
}
