import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.io.FileInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.h2.mvstore.MVStore;

/** Arguments: the port, the file, the address if it is not 127.0.0.1; then a port with TLS, its certificate and key in PEM. */
public class MongoMain {
    private static final Set<String> WRITES =
            Set.of("insert", "update", "delete", "findandmodify", "createindexes", "create", "drop", "dropdatabase");

    public static void main(String[] arguments) throws Exception {
        var backend = new CommittingBackend(MVStore.open(arguments[1]));
        backend.version(new Version5());
        var server = new MongoServer(backend);
        String address = arguments.length > 2 ? arguments[2] : "127.0.0.1";
        server.bind(address, Integer.parseInt(arguments[0]));
        if (arguments.length > 3) {
            var secured = new MongoServer(backend);
            secured.enableSsl(key(arguments[5]), null, certificate(arguments[4]));
            secured.bind(address, Integer.parseInt(arguments[3]));
        }
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
        Thread.currentThread().join();
    }

    private static X509Certificate certificate(String file) throws Exception {
        try (var pem = new FileInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(pem);
        }
    }

    private static PrivateKey key(String file) throws Exception {
        String pem = Files.readString(Path.of(file)).replaceAll("-----[A-Z ]+-----|\\s", "");
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    }

    /** Commits before a write is answered, so that what was acknowledged outlives SIGKILL. */
    private static final class CommittingBackend extends H2Backend {
        CommittingBackend(MVStore store) {
            super(store);
        }

        @Override
        public Document handleMessage(MongoMessage message) {
            Document answer = super.handleMessage(message);
            String command = message.getDocument().keySet().iterator().next();
            if (WRITES.contains(command.toLowerCase())) {
                commit();
            }
            return answer;
        }
    }

    /** The server's own newest version reports a wire version that current drivers refuse. */
    private static final class Version5 implements MongoVersion {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(5, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 13;
        }
    }
}
