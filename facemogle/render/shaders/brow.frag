#version 330
in vec3 shaded;
uniform float label;
layout(location = 0) out vec4 out_color;
layout(location = 1) out vec4 out_label;
void main() {
  out_color = vec4(shaded, 1.);
  out_label = vec4(0., 0., label / 255., 1.);
}
