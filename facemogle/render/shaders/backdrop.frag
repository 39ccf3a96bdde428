#version 330
in vec2 uv;
uniform sampler2D image;
layout(location = 0) out vec4 out_color;
layout(location = 1) out vec4 out_label;
void main() {
  out_color = vec4(texture(image, uv).rgb, 1.);
  out_label = vec4(0.);
}
