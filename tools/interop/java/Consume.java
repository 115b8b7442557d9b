import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.common.message.MessageClientExt;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Consumes until a number of distinct messages was seen and writes one JSON line for each delivery.
 * Arguments: nameServer topic group count output mode (concurrent | orderly | broadcast | retry) tags timeoutSeconds.
 */
public class Consume {
    static int run(String[] args) throws Exception {
        String mode = args[5];
        ConsumerRun run = new ConsumerRun(args, Consume::line);
        if (mode.equals("broadcast")) {
            broadcasting(run.consumer);
        }
        run.consumer.subscribe(args[1], args[6]);
        if (mode.equals("orderly")) {
            run.consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
                run.record(messages);
                return ConsumeOrderlyStatus.SUCCESS;
            });
        } else {
            run.consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                if (mode.equals("retry") && run.shouldFail(messages)) {
                    return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                }
                run.record(messages);
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
        }
        run.consumer.start();
        // What comes now would be a duplicate: give it a moment to show itself.
        return run.await(args[7], 500);
    }

    /** The enum of the message model moved between 4.9 and 5.x, so it is found by reflection. */
    private static void broadcasting(DefaultMQPushConsumer consumer) throws Exception {
        for (java.lang.reflect.Method method : DefaultMQPushConsumer.class.getMethods()) {
            if (method.getName().equals("setMessageModel")) {
                for (Object constant : method.getParameterTypes()[0].getEnumConstants()) {
                    if (constant.toString().equals("BROADCASTING")) {
                        method.invoke(consumer, constant);
                    }
                }
            }
        }
    }

    private static String line(MessageExt message) {
        return String.format("{\"seq\":%s,\"body\":\"%s\",\"tags\":\"%s\",\"keys\":\"%s\",\"flag\":%d,\"queueId\":%d,\"queueOffset\":%d,\"msgId\":\"%s\",\"offsetMsgId\":\"%s\",\"reconsumeTimes\":%d,\"brokerName\":\"%s\",\"sysFlag\":%d,\"cameMs\":%d}",
            message.getUserProperty("seq"), reportedBody(message.getBody()), message.getTags(), message.getKeys(), message.getFlag(),
            message.getQueueId(), message.getQueueOffset(), message.getMsgId(), ((MessageClientExt) message).getOffsetMsgId(),
            message.getReconsumeTimes(), message.getBrokerName(), message.getSysFlag(), System.currentTimeMillis());
    }

    /** The text, or, when it is long, its length and its check sum. */
    private static String reportedBody(byte[] body) {
        String text = new String(body, StandardCharsets.UTF_8);
        if (text.length() <= 40) {
            return text;
        }
        CRC32 crc = new CRC32();
        crc.update(body);
        return "#" + text.length() + ":" + crc.getValue();
    }
}
